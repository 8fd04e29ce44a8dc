"""What HTTP/1.1 messages must come to (RFC 9112, RFC 9110): one table, a module for each part of a message."""
