"""Fakes of what surrounds the service: small real gRPC servers on loopback."""
