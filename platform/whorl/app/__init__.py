"""From a path to a locked app: manifests, identifiers, settings, and everything in them resolved and checked."""
