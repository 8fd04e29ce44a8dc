//! Generated from the WIT.

wit_bindgen::generate!({
    inline: "
        package test:lab;
        world lab {
            include wasi:http/imports@0.2.12;
            include wasi:cli/imports@0.2.12;
            export wasi:http/incoming-handler@0.2.12;
        }
    ",
    path: [
        "../../../platform/adapter/wit/wasi/io.wit",
        "../../../platform/adapter/wit/wasi/clocks.wit",
        "../../../platform/adapter/wit/wasi/random.wit",
        "../../../platform/adapter/wit/wasi/filesystem.wit",
        "../../../platform/adapter/wit/wasi/sockets.wit",
        "../../../platform/adapter/wit/wasi/cli.wit",
        "../../../platform/adapter/wit/wasi/http.wit",
    ],
    world: "test:lab/lab",
    features: ["informational-outbound-responses"],
    generate_all,
    pub_export_macro: true,
    default_bindings_module: "crate::bindings",
});
