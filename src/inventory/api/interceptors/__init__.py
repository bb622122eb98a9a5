"""What happens to every call before and after its method: each concern a module, run in one place.

grpcio's own interceptors run per call in the thread that accepts calls and know neither the request nor the answer;
``api.endpoint`` therefore runs these itself, in a fixed order.
"""
