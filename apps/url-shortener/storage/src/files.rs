//! Files in the first mounted folder (`wasi:filesystem`) as the place where entries stand.
//!
//! An entry is one file, replaced whole by a rename, so a reader sees the old bytes or the new ones. A counter is a
//! folder of empty files named 1, 2, 3 …: creating a file that must not exist yet is the one step of this interface
//! that only one of several instances can win.

use alloc::borrow::ToOwned;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use crate::bindings::wasi::filesystem::preopens::get_directories;
use crate::bindings::wasi::filesystem::types::{Descriptor, DescriptorFlags, ErrorCode, OpenFlags, PathFlags};
use crate::names::{file_name, highest};

const CHUNK: u64 = 64 * 1024;

/// The bytes under a key; a counter gives its value, eight bytes, little-endian.
pub fn read(key: &str) -> Result<Option<Vec<u8>>, String> {
    let folder = folder()?;
    let name = file_name(key);
    match open(&folder, &name, OpenFlags::empty(), DescriptorFlags::READ) {
        Ok(file) => read_whole(&file).map(Some).map_err(|error| describe(key, error)),
        Err(ErrorCode::NoEntry) => read_counter(&folder, &name).map_err(|error| describe(key, error)),
        Err(error) => Err(describe(key, error)),
    }
}

/// The bytes under each key, in the order of the keys.
pub fn read_many(keys: &[String]) -> Result<Vec<Option<Vec<u8>>>, String> {
    keys.iter().map(|key| read(key)).collect()
}

/// Puts bytes under a key, in place of what was there.
pub fn write(key: &str, bytes: &[u8]) -> Result<(), String> {
    let folder = folder()?;
    let name = file_name(key);
    replace(&folder, &name, bytes).map_err(|error| describe(key, error))
}

/// Takes away what is under a key, if anything is.
pub fn remove(key: &str) -> Result<(), String> {
    match folder()?.unlink_file_at(&file_name(key)) {
        Ok(()) | Err(ErrorCode::NoEntry) => Ok(()),
        Err(error) => Err(describe(key, error)),
    }
}

/// Adds one to the number under a key and gives the sum.
pub fn count(key: &str) -> Result<u64, String> {
    let folder = folder()?;
    take_number(&folder, &counter_name(&file_name(key))).map_err(|error| describe(key, error))
}

fn folder() -> Result<Descriptor, String> {
    let mounted = get_directories().into_iter().next();
    mounted.map(|(folder, _)| folder).ok_or_else(|| "no folder is mounted to keep entries in".to_owned())
}

fn open(folder: &Descriptor, name: &str, how: OpenFlags, access: DescriptorFlags) -> Result<Descriptor, ErrorCode> {
    folder.open_at(PathFlags::empty(), name, how, access)
}

fn read_whole(file: &Descriptor) -> Result<Vec<u8>, ErrorCode> {
    let mut bytes = Vec::new();
    loop {
        let (mut chunk, is_end) = file.read(CHUNK, bytes.len() as u64)?;
        let is_empty = chunk.is_empty();
        bytes.append(&mut chunk);
        if is_end || is_empty {
            return Ok(bytes);
        }
    }
}

/// Writes a file of a name that nobody else has, then gives it its own name.
fn replace(folder: &Descriptor, name: &str, bytes: &[u8]) -> Result<(), ErrorCode> {
    let mut attempt = 0u32;
    let (draft, file) = loop {
        let draft = format!("{name}.{attempt}.new");
        match open(folder, &draft, OpenFlags::CREATE | OpenFlags::EXCLUSIVE, DescriptorFlags::WRITE) {
            Ok(file) => break (draft, file),
            Err(ErrorCode::Exist) => attempt += 1,
            Err(error) => return Err(error),
        }
    };
    let mut written = 0;
    while written < bytes.len() {
        written += usize::try_from(file.write(&bytes[written..], written as u64)?).map_err(|_| ErrorCode::Overflow)?;
    }
    file.sync_data()?;
    folder.rename_at(&draft, folder, name)
}

fn counter_name(name: &str) -> String {
    format!("{name}.count")
}

fn read_counter(folder: &Descriptor, name: &str) -> Result<Option<Vec<u8>>, ErrorCode> {
    let count = highest_number(folder, &counter_name(name))?;
    Ok((count > 0).then(|| count.to_le_bytes().to_vec()))
}

fn highest_number(folder: &Descriptor, counter: &str) -> Result<u64, ErrorCode> {
    highest(|number| match folder.stat_at(PathFlags::empty(), &format!("{counter}/{number}")) {
        Ok(_) => Ok(true),
        Err(ErrorCode::NoEntry) => Ok(false),
        Err(error) => Err(error),
    })
}

fn take_number(folder: &Descriptor, counter: &str) -> Result<u64, ErrorCode> {
    match folder.create_directory_at(counter) {
        Ok(()) | Err(ErrorCode::Exist) => {}
        Err(error) => return Err(error),
    }
    let mut number = highest_number(folder, counter)? + 1;
    loop {
        let name = format!("{counter}/{number}");
        match open(folder, &name, OpenFlags::CREATE | OpenFlags::EXCLUSIVE, DescriptorFlags::WRITE) {
            Ok(_) => return Ok(number),
            Err(ErrorCode::Exist) => number += 1,
            Err(error) => return Err(error),
        }
    }
}

fn describe(key: &str, error: ErrorCode) -> String {
    format!("file of `{key}`: {}", error.name())
}
