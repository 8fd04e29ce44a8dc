//! Functions as they are written in WIT.

use wit_parser::{Function, FunctionKind, Handle, Resolve, Type, TypeDefKind, TypeId};

/// `find: func(id: u32) -> result<customer>`; of a resource, `customer.name: func() -> string`.
pub fn words(resolve: &Resolve, function: &Function) -> String {
    let is_method = matches!(
        function.kind,
        FunctionKind::Method(_) | FunctionKind::AsyncMethod(_)
    );
    let params = function.params.iter().skip(usize::from(is_method));
    let params: Vec<_> = params
        .map(|param| format!("{}: {}", param.name, ty(resolve, &param.ty)))
        .collect();
    let is_constructor = matches!(function.kind, FunctionKind::Constructor(_));
    let is_static = matches!(
        function.kind,
        FunctionKind::Static(_) | FunctionKind::AsyncStatic(_)
    );
    let mut kind = String::new();
    kind.push_str(if is_static { "static " } else { "" });
    kind.push_str(if function.kind.is_async() {
        "async "
    } else {
        ""
    });
    kind.push_str(if is_constructor {
        "constructor"
    } else {
        "func"
    });
    let result = match &function.result {
        Some(result) if !is_constructor => format!(" -> {}", ty(resolve, result)),
        _ => String::new(),
    };
    let name = function.name.rsplit(']').next().unwrap_or_default();
    format!("{name}: {kind}({}){result}", params.join(", "))
}

fn ty(resolve: &Resolve, written: &Type) -> String {
    match written {
        Type::Bool => "bool".to_owned(),
        Type::U8 => "u8".to_owned(),
        Type::U16 => "u16".to_owned(),
        Type::U32 => "u32".to_owned(),
        Type::U64 => "u64".to_owned(),
        Type::S8 => "s8".to_owned(),
        Type::S16 => "s16".to_owned(),
        Type::S32 => "s32".to_owned(),
        Type::S64 => "s64".to_owned(),
        Type::F32 => "f32".to_owned(),
        Type::F64 => "f64".to_owned(),
        Type::Char => "char".to_owned(),
        Type::String => "string".to_owned(),
        Type::ErrorContext => "error-context".to_owned(),
        Type::Id(id) => defined(resolve, *id),
    }
}

fn defined(resolve: &Resolve, id: TypeId) -> String {
    let definition = &resolve.types[id];
    if let Some(name) = &definition.name {
        return name.clone();
    }
    let one = |written: &Type| ty(resolve, written);
    let some = |written: &Option<Type>| written.as_ref().map(one);
    match &definition.kind {
        TypeDefKind::Type(aliased) => one(aliased),
        TypeDefKind::Handle(Handle::Own(resource)) => defined(resolve, *resource),
        TypeDefKind::Handle(Handle::Borrow(resource)) => {
            format!("borrow<{}>", defined(resolve, *resource))
        }
        TypeDefKind::Tuple(tuple) => {
            let parts: Vec<_> = tuple.types.iter().map(one).collect();
            format!("tuple<{}>", parts.join(", "))
        }
        TypeDefKind::Option(value) => format!("option<{}>", one(value)),
        TypeDefKind::List(element) => format!("list<{}>", one(element)),
        TypeDefKind::FixedLengthList(element, length) => {
            format!("list<{}, {length}>", one(element))
        }
        TypeDefKind::Map(key, value) => format!("map<{}, {}>", one(key), one(value)),
        TypeDefKind::Result(result) => match (some(&result.ok), some(&result.err)) {
            (None, None) => "result".to_owned(),
            (Some(ok), None) => format!("result<{ok}>"),
            (ok, Some(err)) => format!("result<{}, {err}>", ok.as_deref().unwrap_or("_")),
        },
        TypeDefKind::Future(value) => with_optional("future", some(value)),
        TypeDefKind::Stream(value) => with_optional("stream", some(value)),
        kind => kind.as_str().to_owned(),
    }
}

fn with_optional(name: &str, of: Option<String>) -> String {
    of.map_or(name.to_owned(), |of| format!("{name}<{of}>"))
}
