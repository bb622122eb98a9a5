"""The queue: dramatiq on Redis. A message holds an id and its domain; all data is in MongoDB."""

from inventory.connector.queue.bands import BANDS, band_of
from inventory.connector.queue.broker import IMPATIENT
from inventory.connector.queue.consumer import Handlers, QueueConsumer
from inventory.connector.queue.producer import RedisQueue

__all__ = ["BANDS", "IMPATIENT", "Handlers", "QueueConsumer", "RedisQueue", "band_of"]
