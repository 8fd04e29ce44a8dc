;; The driver: hands one request after the other from the adapter to the guest's handler, and tells the adapter when the
;; handler has returned. It has no memory: a second one would cost each fresh instance more than all that it does here.
(component $driver
  (import "wasi:http/types@0.2.12" (instance $types
    (export "incoming-request" (type (sub resource)))
    (export "response-outparam" (type (sub resource)))))
  (alias export $types "incoming-request" (type $incoming-request))
  (alias export $types "response-outparam" (type $response-outparam))

  (import "whorl:adapter/bridge@0.1.0" (instance $bridge
    (alias outer $driver $incoming-request (type $incoming-request))
    (alias outer $driver $response-outparam (type $response-outparam))
    (export "incoming-request" (type $request (eq $incoming-request)))
    (export "response-outparam" (type $outparam (eq $response-outparam)))
    (export "request" (func (result (own $request))))
    (export "outparam" (func (result (own $outparam))))
    (export "done" (func))))

  (import "wasi:http/incoming-handler@0.2.12" (instance $handler
    (alias outer $driver $incoming-request (type $incoming-request))
    (alias outer $driver $response-outparam (type $response-outparam))
    (export "incoming-request" (type $request (eq $incoming-request)))
    (export "response-outparam" (type $outparam (eq $response-outparam)))
    (export "handle" (func (param "request" (own $request)) (param "response-out" (own $outparam))))))

  (core func $request (canon lower (func $bridge "request")))
  (core func $outparam (canon lower (func $bridge "outparam")))
  (core func $done (canon lower (func $bridge "done")))
  (core func $handle (canon lower (func $handler "handle")))

  (core module $module
    (import "bridge" "request" (func $request (result i32)))
    (import "bridge" "outparam" (func $outparam (result i32)))
    (import "bridge" "done" (func $done))
    (import "guest" "handle" (func $handle (param i32 i32)))
    (func (export "handle")
      (call $handle (call $request) (call $outparam))
      (call $done)))

  (core instance $bridge-functions
    (export "request" (func $request))
    (export "outparam" (func $outparam))
    (export "done" (func $done)))
  (core instance $guest-functions
    (export "handle" (func $handle)))
  (core instance $instance (instantiate $module
    (with "bridge" (instance $bridge-functions))
    (with "guest" (instance $guest-functions))))

  (func (export "handle") (canon lift (core func $instance "handle"))))
