"""A guest that writes to stderr, a line that it neither ends nor flushes, in the text of the component model."""

WRITING = b"""(component
  (import "wasi:io/error@0.2.12" (instance $error (export "error" (type (sub resource)))))
  (alias export $error "error" (type $e))
  (import "wasi:io/streams@0.2.12" (instance $streams
    (alias outer 1 $e (type $e'))
    (export "error" (type $its-error (eq $e')))
    (export "output-stream" (type $out (sub resource)))
    (type $failure' (variant (case "last-operation-failed" (own $its-error)) (case "closed")))
    (export "stream-error" (type $failure (eq $failure')))
    (export "[method]output-stream.blocking-write-and-flush"
      (func (param "self" (borrow $out)) (param "contents" (list u8)) (result (result (error $failure)))))))
  (alias export $streams "output-stream" (type $out))
  (import "wasi:cli/stderr@0.2.12" (instance $stderr
    (alias outer 1 $out (type $out'))
    (export "output-stream" (type $its-out (eq $out')))
    (export "get-stderr" (func (result (own $its-out))))))
  (core module $memory (memory (export "memory") 1) (data (i32.const 16) "no line"))
  (core instance $m (instantiate $memory))
  (core func $get (canon lower (func $stderr "get-stderr")))
  (core func $write (canon lower (func $streams "[method]output-stream.blocking-write-and-flush")
    (memory (core memory $m "memory"))))
  (core module $code
    (import "wasi" "get" (func $get (result i32)))
    (import "wasi" "write" (func $write (param i32 i32 i32 i32)))
    (func (export "print") (call $write (call $get) (i32.const 16) (i32.const 7) (i32.const 64))))
  (core instance $code (instantiate $code (with "wasi" (instance
    (export "get" (func $get)) (export "write" (func $write))))))
  (func (export "print") (canon lift (core func $code "print"))))"""
