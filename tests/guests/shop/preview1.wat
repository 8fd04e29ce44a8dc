;; A core module for the world `shop` that imports WASI 0.1 too: it looks at the clock and answers the price.
(module
  (import "test:shop/prices" "get" (func $get (result i32)))
  (import "wasi_snapshot_preview1" "clock_time_get" (func $now (param i32 i64 i32) (result i32)))
  (memory (export "memory") 1)
  (global $free (mut i32) (i32.const 1024))
  (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32)
    (local $at i32)
    (local.set $at (global.get $free))
    (global.set $free
      (i32.add (global.get $free) (i32.and (i32.add (local.get 3) (i32.const 15)) (i32.const -16))))
    (local.get $at))
  (func (export "run") (result i32)
    (drop (call $now (i32.const 0) (i64.const 0) (i32.const 8)))
    (call $get)))
