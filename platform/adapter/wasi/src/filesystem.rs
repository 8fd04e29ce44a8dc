//! `wasi:filesystem`: there are no directories yet, so no descriptor can be made and none of its methods be called.

use crate::bindings::Adapter;
use crate::bindings::exports::wasi::filesystem::{preopens, types};

/// An open file or directory: none can be made.
pub enum Descriptor {}

/// The entries of a directory: none can be made.
pub enum DirectoryEntryStream {}

impl preopens::Guest for Adapter {
    fn get_directories() -> Vec<(preopens::Descriptor, String)> {
        Vec::new()
    }
}

impl types::Guest for Adapter {
    type Descriptor = Descriptor;
    type DirectoryEntryStream = DirectoryEntryStream;

    fn filesystem_error_code(_error: types::ErrorBorrow<'_>) -> Option<types::ErrorCode> {
        None
    }
}

impl types::GuestDescriptor for Descriptor {
    fn read_via_stream(
        &self,
        _offset: types::Filesize,
    ) -> Result<types::InputStream, types::ErrorCode> {
        match *self {}
    }

    fn write_via_stream(
        &self,
        _offset: types::Filesize,
    ) -> Result<types::OutputStream, types::ErrorCode> {
        match *self {}
    }

    fn append_via_stream(&self) -> Result<types::OutputStream, types::ErrorCode> {
        match *self {}
    }

    fn advise(
        &self,
        _offset: types::Filesize,
        _length: types::Filesize,
        _advice: types::Advice,
    ) -> Result<(), types::ErrorCode> {
        match *self {}
    }

    fn sync_data(&self) -> Result<(), types::ErrorCode> {
        match *self {}
    }

    fn get_flags(&self) -> Result<types::DescriptorFlags, types::ErrorCode> {
        match *self {}
    }

    fn get_type(&self) -> Result<types::DescriptorType, types::ErrorCode> {
        match *self {}
    }

    fn set_size(&self, _size: types::Filesize) -> Result<(), types::ErrorCode> {
        match *self {}
    }

    fn set_times(
        &self,
        _data_access_timestamp: types::NewTimestamp,
        _data_modification_timestamp: types::NewTimestamp,
    ) -> Result<(), types::ErrorCode> {
        match *self {}
    }

    fn read(
        &self,
        _length: types::Filesize,
        _offset: types::Filesize,
    ) -> Result<(Vec<u8>, bool), types::ErrorCode> {
        match *self {}
    }

    fn write(
        &self,
        _buffer: Vec<u8>,
        _offset: types::Filesize,
    ) -> Result<types::Filesize, types::ErrorCode> {
        match *self {}
    }

    fn read_directory(&self) -> Result<types::DirectoryEntryStream, types::ErrorCode> {
        match *self {}
    }

    fn sync(&self) -> Result<(), types::ErrorCode> {
        match *self {}
    }

    fn create_directory_at(&self, _path: String) -> Result<(), types::ErrorCode> {
        match *self {}
    }

    fn stat(&self) -> Result<types::DescriptorStat, types::ErrorCode> {
        match *self {}
    }

    fn stat_at(
        &self,
        _path_flags: types::PathFlags,
        _path: String,
    ) -> Result<types::DescriptorStat, types::ErrorCode> {
        match *self {}
    }

    fn set_times_at(
        &self,
        _path_flags: types::PathFlags,
        _path: String,
        _data_access_timestamp: types::NewTimestamp,
        _data_modification_timestamp: types::NewTimestamp,
    ) -> Result<(), types::ErrorCode> {
        match *self {}
    }

    fn link_at(
        &self,
        _old_path_flags: types::PathFlags,
        _old_path: String,
        _new_descriptor: types::DescriptorBorrow<'_>,
        _new_path: String,
    ) -> Result<(), types::ErrorCode> {
        match *self {}
    }

    fn open_at(
        &self,
        _path_flags: types::PathFlags,
        _path: String,
        _open_flags: types::OpenFlags,
        _flags: types::DescriptorFlags,
    ) -> Result<types::Descriptor, types::ErrorCode> {
        match *self {}
    }

    fn readlink_at(&self, _path: String) -> Result<String, types::ErrorCode> {
        match *self {}
    }

    fn remove_directory_at(&self, _path: String) -> Result<(), types::ErrorCode> {
        match *self {}
    }

    fn rename_at(
        &self,
        _old_path: String,
        _new_descriptor: types::DescriptorBorrow<'_>,
        _new_path: String,
    ) -> Result<(), types::ErrorCode> {
        match *self {}
    }

    fn symlink_at(&self, _old_path: String, _new_path: String) -> Result<(), types::ErrorCode> {
        match *self {}
    }

    fn unlink_file_at(&self, _path: String) -> Result<(), types::ErrorCode> {
        match *self {}
    }

    fn is_same_object(&self, _other: types::DescriptorBorrow<'_>) -> bool {
        match *self {}
    }

    fn metadata_hash(&self) -> Result<types::MetadataHashValue, types::ErrorCode> {
        match *self {}
    }

    fn metadata_hash_at(
        &self,
        _path_flags: types::PathFlags,
        _path: String,
    ) -> Result<types::MetadataHashValue, types::ErrorCode> {
        match *self {}
    }
}

impl types::GuestDirectoryEntryStream for DirectoryEntryStream {
    fn read_directory_entry(&self) -> Result<Option<types::DirectoryEntry>, types::ErrorCode> {
        match *self {}
    }
}
