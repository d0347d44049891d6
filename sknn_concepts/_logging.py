"""Lines about fits that were asked to be verbose, through the logger "sknn_concepts"."""

import logging
import sys

LOGGER = logging.getLogger("sknn_concepts")


class _StdoutHandler(logging.Handler):
    """Handler that prints to what is standard output at that time, as ``print`` does."""

    def emit(self, record):
        print(self.format(record), file=sys.stdout, flush=True)


_handler = _StdoutHandler()


def log(message):
    """Log a line that the user has asked for by `verbose`.

    Where logging has been set up, because the logger has a handler or its level lets the line through to one of the
    root logger, the line goes there and nowhere else. Otherwise it is printed.
    """
    record = LOGGER.makeRecord(LOGGER.name, logging.INFO, __file__, 0, message, (), None)
    if LOGGER.disabled:
        return
    if _emits(LOGGER) or (LOGGER.isEnabledFor(logging.INFO) and _has_handlers()):
        LOGGER.handle(record)
    else:
        _handler.handle(record)


def _emits(logger):
    """Return whether a logger has a handler, other than the one that libraries add to do nothing."""
    return any(not isinstance(handler, logging.NullHandler) for handler in logger.handlers)


def _has_handlers():
    logger = LOGGER
    while logger.parent is not None and logger.propagate:
        logger = logger.parent
        if _emits(logger):
            return True
    return False
