"""Notes that artefacts have just been built: `python -m whorl.guest ARTEFACT ...`; used by `scripts/build-adapter`."""

import sys

from whorl.guest import record_digest

for artefact in sys.argv[1:]:
    record_digest(artefact)
