"""Key-value stores: what `fermyon:spin/key-value` and `wasi:keyvalue` do on the host's side.

`stores` is the seam, `sqlite` and `memory` are its backends, `backends` names them; `spin` and `wasi` are the
interfaces that guests call, over the stores that a component was granted (`granted`, `open_stores`).
"""

from whorl.capabilities.key_value.backends import StoreConfiguration, default_configurations
from whorl.capabilities.key_value.capability import KeyValueCapability, KeyValueStores
from whorl.capabilities.key_value.failures import StoreFailure
from whorl.capabilities.key_value.stores import Mismatch, Store

__all__ = [
    "KeyValueCapability",
    "KeyValueStores",
    "Mismatch",
    "Store",
    "StoreConfiguration",
    "StoreFailure",
    "default_configurations",
]
