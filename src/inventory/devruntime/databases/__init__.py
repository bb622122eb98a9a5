"""The databases that `up` starts: a real mongod and a real redis-server."""
