;; A core module for the world `shop` that answers the price.
(module
  (import "test:shop/prices" "get" (func $get (result i32)))
  (func (export "run") (result i32) (call $get)))
