# One image for all processes: docker run IMAGE server | worker | scheduler | gateway | plugin-local | migrate
# The build steps are those of `make install-runtime`; a test holds the two together.
# Another base is named by --build-arg BASE_IMAGE=…; it has Python 3.11 or newer with pip, and gcc or apt-get.
# --build-arg INVENTORY_COMPILE=0 leaves all of it pure Python: slower, and no compiler is needed.
ARG BASE_IMAGE=python:3.11-slim-bookworm
FROM ${BASE_IMAGE} AS build
WORKDIR /build
# Compiles the hot modules, see setup.py; the image itself holds no compiler.
ARG INVENTORY_COMPILE=1
RUN test "$INVENTORY_COMPILE" = 0 || command -v gcc || { apt-get update && apt-get install --yes --no-install-recommends gcc libc6-dev; }
# The dependencies have a layer of their own: a changed line of the code leaves it as it is.
COPY requirements-runtime.lock ./
RUN python -m venv --without-pip /opt/inventory
RUN python -m pip --python /opt/inventory/bin/python install --no-cache-dir --disable-pip-version-check --require-hashes --requirement requirements-runtime.lock
COPY pyproject.toml setup.py README.md ./
COPY src ./src
RUN python -m pip --python /opt/inventory/bin/python install --no-cache-dir --disable-pip-version-check --no-deps --no-build-isolation .
RUN python -m pip --python /opt/inventory/bin/python uninstall --yes --disable-pip-version-check setuptools mypy mypy-extensions pathspec librt ast-serialize

FROM ${BASE_IMAGE}
LABEL org.opencontainers.image.title="inventory" \
      org.opencontainers.image.licenses="Apache-2.0"
# No system user: their ids end at 999, and a warning would say so.
RUN groupadd --gid 10001 inventory && useradd --uid 10001 --gid 10001 --no-create-home inventory
COPY --from=build /opt/inventory /opt/inventory
ENV PATH=/opt/inventory/bin:$PATH \
    HOME=/tmp \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1
# All that is ever written: with it the root file system may be read-only.
VOLUME ["/tmp"]
# Numbers, so that an orchestrator can see that it is not root.
USER 10001:10001
EXPOSE 50051 50060 50061 50062 50065 8080
# Asks whichever process runs here.
HEALTHCHECK --interval=30s --timeout=10s --start-period=60s --retries=3 CMD ["inventory", "health"]
ENTRYPOINT ["inventory"]
CMD ["server"]
