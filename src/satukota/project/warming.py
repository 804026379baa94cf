"""What the first person would wait for, loaded while nobody waits: compiled loops, the scene, what cameras see."""

import logging
import threading

log = logging.getLogger(__name__)


def start() -> threading.Thread:
    """Beside the pages, in a thread of its own: a first request that comes meanwhile is answered, only later."""
    thread = threading.Thread(target=warm, name="warming", daemon=True)
    thread.start()
    return thread


def warm() -> bool:
    """Whether everything could be loaded. Asks the database as the first page would, changes nothing."""
    from django.db import connection

    from satukota.base.errors import UserError
    from satukota.rules.ready import make_ready
    from satukota.shared.coverage import queries, views

    try:
        make_ready()
        queries.now()
        views.views()
    except UserError:  # no city yet: nothing to wait for
        return False
    except Exception:  # a page that needs it says so in words; here nobody reads them
        log.warning("coverage could not be loaded beforehand", exc_info=True)
        return False
    finally:
        connection.close()
    return True
