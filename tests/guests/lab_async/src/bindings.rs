//! Generated from the WIT of WASI 0.3.

wit_bindgen::generate!({
    inline: r#"
        package test:lab;

        world lab {
            import wasi:clocks/monotonic-clock@0.3.0;
            import wasi:clocks/system-clock@0.3.0;
            import wasi:random/random@0.3.0;
            import wasi:cli/environment@0.3.0;
            import wasi:cli/stdin@0.3.0;
            import wasi:cli/stdout@0.3.0;
            import wasi:filesystem/preopens@0.3.0;
            import wasi:http/client@0.3.0;
            export wasi:http/handler@0.3.0;
        }
    "#,
    path: [
        "../../../platform/adapter/wit/wasi-0.3/original/clocks.wit",
        "../../../platform/adapter/wit/wasi-0.3/original/random.wit",
        "../../../platform/adapter/wit/wasi-0.3/original/filesystem.wit",
        "../../../platform/adapter/wit/wasi-0.3/original/sockets.wit",
        "../../../platform/adapter/wit/wasi-0.3/original/cli.wit",
        "../../../platform/adapter/wit/wasi-0.3/original/http.wit",
    ],
    world: "test:lab/lab",
    generate_all,
});
