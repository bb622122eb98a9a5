"""What happens to every call before and after its method: one module per concern, all run in one place.

grpcio's own interceptors run in the thread that accepts calls and know neither the request nor the answer;
``api.method_handler`` therefore runs these itself, in a fixed order.
"""
