"""The Redis cache, which forgets rather than fails when its server is away. Nothing that matters is kept in it."""

import logging
from collections.abc import Callable
from typing import Any

import redis
from django.core.cache.backends.redis import RedisCache

logger = logging.getLogger(__name__)


def _forgetting(operation: str, answer: Any) -> Callable[..., Any]:
    def call(self: "ForgivingRedisCache", *args: Any, **kwargs: Any) -> Any:
        try:
            return getattr(super(ForgivingRedisCache, self), operation)(*args, **kwargs)
        except (redis.exceptions.ConnectionError, redis.exceptions.TimeoutError) as error:
            logger.warning("cache is away, %s answered from nothing: %s", operation, type(error).__name__)
            return answer(*args, **kwargs) if callable(answer) else answer

    call.__name__ = operation
    return call


class ForgivingRedisCache(RedisCache):
    """A miss instead of an error 500. The price: request limits do not count while the server is away."""

    get = _forgetting("get", lambda key, default=None, version=None: default)
    get_many = _forgetting("get_many", lambda keys, version=None: {})
    add = _forgetting("add", True)
    set = _forgetting("set", None)
    set_many = _forgetting("set_many", lambda data, *args, **kwargs: list(data))
    touch = _forgetting("touch", False)
    delete = _forgetting("delete", False)
    delete_many = _forgetting("delete_many", None)
    has_key = _forgetting("has_key", False)
    incr = _forgetting("incr", lambda key, delta=1, version=None: delta)
    clear = _forgetting("clear", False)
