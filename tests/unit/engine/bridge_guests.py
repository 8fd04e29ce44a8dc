"""Interfaces and components in text whose bridges are tested."""

INTERFACE = "a:b/c@1.0.0"
"""What the guests import, if they import one interface."""

TYPES = """
    (type $color' (enum "red" "green" "blue"))
    (export "color" (type $color (eq $color')))
    (type $few' (flags "a" "b" "c"))
    (export "few" (type $few (eq $few')))
    (type $some' (flags "a" "b" "c" "d" "e" "f" "g" "h" "i"))
    (export "some" (type $some (eq $some')))
    (type $many' (flags "a" "b" "c" "d" "e" "f" "g" "h" "i" "j" "k" "l" "m" "n" "o" "p" "q"))
    (export "many" (type $many (eq $many')))
    (type $answer' (variant (case "yes") (case "no")))
    (export "answer" (type $answer (eq $answer')))
    (type $one' (record (field "only" s16)))
    (export "one" (type $one (eq $one')))
    (type $item' (record (field "name" string) (field "count" u16) (field "tags" (list string))))
    (export "item" (type $item (eq $item')))
"""
"""Declarations of types."""

RESOURCES = """
    (export "shelf" (type $shelf (sub resource)))
    (export "book" (type $book (sub resource)))
    (export "[constructor]shelf" (func (param "name" string) (result (own $shelf))))
    (export "[method]shelf.size" (func (param "self" (borrow $shelf)) (result u32)))
    (export "[method]shelf.add" (func (param "self" (borrow $shelf)) (param "book" (own $book))))
    (export "[static]book.all" (func (result (list (own $book)))))
    (export "burn" (func (param "books" (list (own $book))) (param "shelf" (own $shelf)) (result (own $book))))
    (export "count" (func (param "books" (list (borrow $book))) (result u8)))
"""
"""Declarations of two resources, and of functions that use them."""

SHELF_USER = b"""(component
    (import "a:b/c@1.0.0" (instance $c
        (export "shelf" (type $shelf (sub resource)))
        (export "open" (func (param "name" string) (result (own $shelf))))
        (export "[method]shelf.label" (func (param "self" (borrow $shelf)) (result string)))))
    (core module $memory
        (memory (export "memory") 1)
        (global $top (mut i32) (i32.const 100))
        (data (i32.const 20) "caf\\c3\\a9")
        (func (export "realloc") (param i32 i32 i32 i32) (result i32)
            (global.get $top)
            (global.set $top (i32.add (global.get $top) (local.get 3)))))
    (core instance $memory (instantiate $memory))
    (alias core export $memory "memory" (core memory $mem))
    (alias core export $memory "realloc" (core func $realloc))
    (alias export $c "shelf" (type $shelf))
    (core func $open (canon lower (func $c "open") (memory $mem)))
    (core func $label (canon lower (func $c "[method]shelf.label") (memory $mem) (realloc $realloc)))
    (core func $drop (canon resource.drop $shelf))
    (core module $code
        (import "c" "open" (func $open (param i32 i32) (result i32)))
        (import "c" "label" (func $label (param i32 i32)))
        (import "c" "drop" (func $drop (param i32)))
        (func (export "run") (result i32)
            (local $shelf i32)
            (local.set $shelf (call $open (i32.const 20) (i32.const 5)))
            (call $label (local.get $shelf) (i32.const 8))
            (call $drop (local.get $shelf))
            (i32.const 8)))
    (core instance $code (instantiate $code (with "c" (instance
        (export "open" (func $open)) (export "label" (func $label)) (export "drop" (func $drop))))))
    (func (export "run") (result string) (canon lift (core func $code "run") (memory $mem))))"""
"""Opens a shelf by the name `café`, and returns its label."""

SHELF_GIVER = b"""(component
    (import "a:b/c@1.0.0" (instance $c
        (export "shelf" (type $shelf (sub resource)))
        (export "open" (func (result (own $shelf))))
        (export "close" (func (param "shelf" (own $shelf)) (result (own $shelf))))))
    (alias export $c "shelf" (type $shelf))
    (core func $open (canon lower (func $c "open")))
    (core func $close (canon lower (func $c "close")))
    (core func $drop (canon resource.drop $shelf))
    (core module $code
        (import "c" "open" (func $open (result i32)))
        (import "c" "close" (func $close (param i32) (result i32)))
        (import "c" "drop" (func $drop (param i32)))
        (func (export "run") (call $drop (call $close (call $open)))))
    (core instance $code (instantiate $code (with "c" (instance
        (export "open" (func $open)) (export "close" (func $close)) (export "drop" (func $drop))))))
    (func (export "run") (canon lift (core func $code "run"))))"""
"""Opens a shelf, gives it back, and drops the one that it gets for it."""

UTF_16_SPEAKER = """(component
    (import "a:b/c@1.0.0" (instance $c (export "f" (func (param "x" string) (param "y" string)))))
    (core module $memory (memory (export "memory") 1) (data (i32.const 16) "%s"))
    (core instance $memory (instantiate $memory))
    (alias core export $memory "memory" (core memory $mem))
    (core func $f (canon lower (func $c "f") (memory $mem) string-encoding=utf16))
    (core module $code
        (import "c" "f" (func $f (param i32 i32 i32 i32)))
        (func (export "run") (call $f (i32.const 16) (i32.const %d) (i32.const 16) (i32.const 2))))
    (core instance $code (instantiate $code (with "c" (instance (export "f" (func $f))))))
    (func (export "run") (canon lift (core func $code "run"))))"""
"""Passes a string of UTF-16, of so many units, and the first two of them again."""

TYPED = b"""(component
    (import "a:b/types" (instance $types
        (type $point' (record (field "x" u8)))
        (export "point" (type (eq $point')))))
    (alias export $types "point" (type $point))
    (import "a:b/more" (instance $more
        (alias outer 1 $point (type $point'))
        (export "point" (type $point (eq $point')))
        (type $place' (variant (case "here" $point) (case "nowhere")))
        (export "place" (type (eq $place')))))
    (alias export $more "place" (type $place))
    (import "a:b/user" (instance
        (alias outer 1 $point (type $point'))
        (export "point" (type $point (eq $point')))
        (alias outer 1 $place (type $place'))
        (export "place" (type $place (eq $place')))
        (type $e' (enum "a" "b"))
        (export "e" (type $e (eq $e')))
        (type $l' (flags "a" "b"))
        (export "l" (type $l (eq $l')))
        (type $maybe' (option $point))
        (export "maybe" (type $maybe (eq $maybe')))
        (export "f" (func
            (param "p" $point) (param "q" (option $point)) (param "r" (list $point)) (result (result $place))))
        (export "g" (func (param "t" (tuple s64 f32)) (param "e" $e) (param "l" $l) (param "o" $maybe))))))"""
"""Uses types of an interface that has only types, and of one that uses them too."""


def guest(declarations: str) -> bytes:
    """Return a component that imports `INTERFACE` with `declarations`."""
    return f'(component (import "{INTERFACE}" (instance {declarations})))'.encode()
