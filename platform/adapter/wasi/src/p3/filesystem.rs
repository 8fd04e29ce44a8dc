//! `wasi:filesystem`: there are no directories yet, so no descriptor can be made and none of its methods be called.

use super::bindings::exports::wasi::filesystem::{preopens, types};
use crate::bindings::Adapter;
use crate::filesystem::Descriptor;
use crate::traps::trap;

fn none() -> ! {
    trap("there are no descriptors, nor anything that they were asked for")
}

/// A call of a method with its arguments as one value.
fn spread<'a, T>(args: &'a [T], this: impl Fn(&'a T) -> &'a types::DescriptorBorrow<'a>) -> u32 {
    match args.first() {
        Some(args) => match *this(args).get::<Descriptor>() {},
        None => none(),
    }
}

impl preopens::Guest for Adapter {
    fn get_directories() -> Vec<(preopens::Descriptor, String)> {
        Vec::new()
    }
}

impl types::Guest for Adapter {
    type Descriptor = Descriptor;

    fn descriptor_advise_result(_number: u32) -> Vec<Result<(), types::ErrorCode>> {
        none()
    }

    fn descriptor_sync_data_result(_number: u32) -> Vec<Result<(), types::ErrorCode>> {
        none()
    }

    fn descriptor_get_flags_result(
        _number: u32,
    ) -> Vec<Result<types::DescriptorFlags, types::ErrorCode>> {
        none()
    }

    fn descriptor_get_type_result(
        _number: u32,
    ) -> Vec<Result<types::DescriptorType, types::ErrorCode>> {
        none()
    }

    fn descriptor_set_size_result(_number: u32) -> Vec<Result<(), types::ErrorCode>> {
        none()
    }

    fn descriptor_set_times_result(_number: u32) -> Vec<Result<(), types::ErrorCode>> {
        none()
    }

    fn descriptor_set_times_spread(
        args: Vec<(
            types::DescriptorBorrow<'_>,
            types::NewTimestamp,
            types::NewTimestamp,
        )>,
    ) -> u32 {
        spread(&args, |each| &each.0)
    }

    fn descriptor_sync_result(_number: u32) -> Vec<Result<(), types::ErrorCode>> {
        none()
    }

    fn descriptor_create_directory_at_result(_number: u32) -> Vec<Result<(), types::ErrorCode>> {
        none()
    }

    fn descriptor_stat_result(
        _number: u32,
    ) -> Vec<Result<types::DescriptorStat, types::ErrorCode>> {
        none()
    }

    fn descriptor_stat_at_result(
        _number: u32,
    ) -> Vec<Result<types::DescriptorStat, types::ErrorCode>> {
        none()
    }

    fn descriptor_set_times_at_result(_number: u32) -> Vec<Result<(), types::ErrorCode>> {
        none()
    }

    fn descriptor_set_times_at_spread(
        args: Vec<(
            types::DescriptorBorrow<'_>,
            types::PathFlags,
            String,
            types::NewTimestamp,
            types::NewTimestamp,
        )>,
    ) -> u32 {
        spread(&args, |each| &each.0)
    }

    fn descriptor_link_at_result(_number: u32) -> Vec<Result<(), types::ErrorCode>> {
        none()
    }

    fn descriptor_link_at_spread(
        args: Vec<(
            types::DescriptorBorrow<'_>,
            types::PathFlags,
            String,
            types::DescriptorBorrow<'_>,
            String,
        )>,
    ) -> u32 {
        spread(&args, |each| &each.0)
    }

    fn descriptor_open_at_result(_number: u32) -> Vec<Result<types::Descriptor, types::ErrorCode>> {
        none()
    }

    fn descriptor_open_at_spread(
        args: Vec<(
            types::DescriptorBorrow<'_>,
            types::PathFlags,
            String,
            types::OpenFlags,
            types::DescriptorFlags,
        )>,
    ) -> u32 {
        spread(&args, |each| &each.0)
    }

    fn descriptor_readlink_at_result(_number: u32) -> Vec<Result<String, types::ErrorCode>> {
        none()
    }

    fn descriptor_remove_directory_at_result(_number: u32) -> Vec<Result<(), types::ErrorCode>> {
        none()
    }

    fn descriptor_rename_at_result(_number: u32) -> Vec<Result<(), types::ErrorCode>> {
        none()
    }

    fn descriptor_rename_at_spread(
        args: Vec<(
            types::DescriptorBorrow<'_>,
            String,
            types::DescriptorBorrow<'_>,
            String,
        )>,
    ) -> u32 {
        spread(&args, |each| &each.0)
    }

    fn descriptor_symlink_at_result(_number: u32) -> Vec<Result<(), types::ErrorCode>> {
        none()
    }

    fn descriptor_symlink_at_spread(
        args: Vec<(types::DescriptorBorrow<'_>, String, String)>,
    ) -> u32 {
        spread(&args, |each| &each.0)
    }

    fn descriptor_unlink_file_at_result(_number: u32) -> Vec<Result<(), types::ErrorCode>> {
        none()
    }

    fn descriptor_is_same_object_result(_number: u32) -> Vec<bool> {
        none()
    }

    fn descriptor_metadata_hash_result(
        _number: u32,
    ) -> Vec<Result<types::MetadataHashValue, types::ErrorCode>> {
        none()
    }

    fn descriptor_metadata_hash_at_result(
        _number: u32,
    ) -> Vec<Result<types::MetadataHashValue, types::ErrorCode>> {
        none()
    }

    fn take_result_none_error_code(_end: u32, _count: u32) -> Vec<Result<(), types::ErrorCode>> {
        none()
    }

    fn put_result_none_error_code(_end: u32, _values: Vec<Result<(), types::ErrorCode>>) {
        none()
    }

    fn take_directory_entry(_end: u32, _count: u32) -> Vec<types::DirectoryEntry> {
        none()
    }

    fn put_directory_entry(_end: u32, _values: Vec<types::DirectoryEntry>) {
        none()
    }
}

impl types::GuestDescriptor for Descriptor {
    fn read_via_stream(&self, _offset: types::Filesize) -> (u32, u32) {
        match *self {}
    }

    fn write_via_stream(&self, _data: u32, _offset: types::Filesize) -> u32 {
        match *self {}
    }

    fn append_via_stream(&self, _data: u32) -> u32 {
        match *self {}
    }

    fn advise(
        &self,
        _offset: types::Filesize,
        _length: types::Filesize,
        _advice: types::Advice,
    ) -> u32 {
        match *self {}
    }

    fn sync_data(&self) -> u32 {
        match *self {}
    }

    fn get_flags(&self) -> u32 {
        match *self {}
    }

    fn get_type(&self) -> u32 {
        match *self {}
    }

    fn set_size(&self, _size: types::Filesize) -> u32 {
        match *self {}
    }

    fn set_times(
        &self,
        _data_access_timestamp: types::NewTimestamp,
        _data_modification_timestamp: types::NewTimestamp,
    ) -> u32 {
        match *self {}
    }

    fn read_directory(&self) -> (u32, u32) {
        match *self {}
    }

    fn sync(&self) -> u32 {
        match *self {}
    }

    fn create_directory_at(&self, _path: String) -> u32 {
        match *self {}
    }

    fn stat(&self) -> u32 {
        match *self {}
    }

    fn stat_at(&self, _path_flags: types::PathFlags, _path: String) -> u32 {
        match *self {}
    }

    fn set_times_at(
        &self,
        _path_flags: types::PathFlags,
        _path: String,
        _data_access_timestamp: types::NewTimestamp,
        _data_modification_timestamp: types::NewTimestamp,
    ) -> u32 {
        match *self {}
    }

    fn link_at(
        &self,
        _old_path_flags: types::PathFlags,
        _old_path: String,
        _new_descriptor: types::DescriptorBorrow<'_>,
        _new_path: String,
    ) -> u32 {
        match *self {}
    }

    fn open_at(
        &self,
        _path_flags: types::PathFlags,
        _path: String,
        _open_flags: types::OpenFlags,
        _flags: types::DescriptorFlags,
    ) -> u32 {
        match *self {}
    }

    fn readlink_at(&self, _path: String) -> u32 {
        match *self {}
    }

    fn remove_directory_at(&self, _path: String) -> u32 {
        match *self {}
    }

    fn rename_at(
        &self,
        _old_path: String,
        _new_descriptor: types::DescriptorBorrow<'_>,
        _new_path: String,
    ) -> u32 {
        match *self {}
    }

    fn symlink_at(&self, _old_path: String, _new_path: String) -> u32 {
        match *self {}
    }

    fn unlink_file_at(&self, _path: String) -> u32 {
        match *self {}
    }

    fn is_same_object(&self, _other: types::DescriptorBorrow<'_>) -> u32 {
        match *self {}
    }

    fn metadata_hash(&self) -> u32 {
        match *self {}
    }

    fn metadata_hash_at(&self, _path_flags: types::PathFlags, _path: String) -> u32 {
        match *self {}
    }
}
