#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| tripline_fuzz::run("flat_trigger", data));
