//! `fermyon:spin/llm@2.0.0`.

use crate::Denied;
use crate::bindings::exports::fermyon::spin::llm::{
    EmbeddingModel, EmbeddingsResult, Error, Guest, InferencingModel, InferencingParams,
    InferencingResult,
};

impl Guest for Denied {
    fn infer(
        model: InferencingModel,
        _prompt: String,
        _params: Option<InferencingParams>,
    ) -> Result<InferencingResult, Error> {
        Err(no_access(&model))
    }

    fn generate_embeddings(
        model: EmbeddingModel,
        _text: Vec<String>,
    ) -> Result<EmbeddingsResult, Error> {
        Err(no_access(&model))
    }
}

/// Spin's words.
fn no_access(model: &str) -> Error {
    let text = [
        "The component does not have access to use '",
        model,
        "'. To give the component access, add '",
        model,
        "' to the 'ai_models' key for the component in your spin.toml manifest",
    ];
    Error::InvalidInput(text.concat())
}
