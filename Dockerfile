# Installs the way `make setup` does: the locked versions into a virtual environment, the package beside them.
FROM python:3.11-slim AS build
WORKDIR /build
RUN python -m venv /opt/inventory
COPY requirements.lock pyproject.toml README.md ./
COPY src ./src
RUN /opt/inventory/bin/pip install --no-cache-dir --disable-pip-version-check --constraint requirements.lock .

FROM python:3.11-slim
RUN useradd --system --uid 10001 --no-create-home inventory
COPY --from=build /opt/inventory /opt/inventory
ENV PATH=/opt/inventory/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
USER 10001
# One image for all processes: docker run IMAGE server | worker | scheduler | plugin-local
ENTRYPOINT ["inventory"]
CMD ["server"]
