//! Loads the panel's and the sample site's templates and renders pages with them.

use std::sync::LazyLock;

use rust_embed::RustEmbed;
use serde::Serialize;
use tera::{Context, Tera};

use super::page::{Frame, Page};

#[derive(RustEmbed)]
#[folder = "templates/"]
struct Sources;

/// Folders under `templates/` that are the panel's; the 503 page has a loader of its own.
const FOLDERS: [&str; 3] = ["admin/", "components/", "sample/"];

/// A template that does not load or does not render. Never the fault of a visitor.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TemplateError {
    /// A template is not valid, or uses something that does not exist.
    #[error("the panel's templates do not load")]
    Load(#[source] tera::Error),
    /// A template asks for a value that its page does not have.
    #[error("template `{template}` does not render")]
    Render {
        /// Name of the template, for example `admin/login.html`.
        template: String,
        /// What the engine says.
        #[source]
        source: tera::Error,
    },
}

/// Every template, parsed and checked.
#[derive(Debug)]
pub struct Templates(Tera);

impl Templates {
    /// The templates, loaded at their first use and shared by all workers.
    pub fn shared() -> &'static Self {
        static SHARED: LazyLock<Templates> =
            LazyLock::new(|| Templates::load().expect("the embedded templates load, a test renders each of them"));
        &SHARED
    }

    /// Parses the embedded templates. Call once at start.
    ///
    /// # Errors
    /// When one of them is not valid.
    pub fn load() -> Result<Self, TemplateError> {
        let sources: Vec<(String, String)> = Sources::iter()
            .filter(|name| FOLDERS.iter().any(|folder| name.starts_with(folder)))
            .filter_map(|name| {
                let file = Sources::get(&name)?;
                Some((name.into_owned(), String::from_utf8_lossy(&file.data).into_owned()))
            })
            .collect();
        let mut tera = Tera::new();
        tera.add_raw_templates(sources).map_err(TemplateError::Load)?;
        Ok(Self(tera))
    }

    /// Renders a panel page inside its frame. Both structs' fields are the template's variables.
    ///
    /// # Errors
    /// When the template asks for what is not there.
    pub fn page<P: Page>(&self, frame: &Frame, page: &P) -> Result<String, TemplateError> {
        let failed = |source| TemplateError::Render { template: P::TEMPLATE.to_owned(), source };
        let mut context = Context::from_serialize(frame).map_err(failed)?;
        context.extend(Context::from_serialize(page).map_err(failed)?);
        self.0.render(P::TEMPLATE, &context).map_err(failed)
    }

    /// Renders a template that has no frame, such as those of the sample site.
    ///
    /// # Errors
    /// When there is no such template or it asks for what is not there.
    pub fn plain(&self, template: &str, values: &impl Serialize) -> Result<String, TemplateError> {
        let failed = |source| TemplateError::Render { template: template.to_owned(), source };
        let context = Context::from_serialize(values).map_err(failed)?;
        self.0.render(template, &context).map_err(failed)
    }

    /// Names of all templates, in no particular order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.get_template_names()
    }
}
