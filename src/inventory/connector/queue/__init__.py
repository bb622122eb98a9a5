"""The queue: dramatiq on Redis. A message is an id and its domain; what it stands for lies in MongoDB."""

from inventory.connector.queue.bands import BANDS, BandState, band_of
from inventory.connector.queue.consumer import Handlers, QueueConsumer
from inventory.connector.queue.producer import RedisQueue

__all__ = ["BANDS", "BandState", "Handlers", "QueueConsumer", "RedisQueue", "band_of"]
