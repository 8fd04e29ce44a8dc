"""Calls from Python of what a component exports, by the codecs of the bridges."""
