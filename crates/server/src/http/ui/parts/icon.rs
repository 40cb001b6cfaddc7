//! Line icons, drawn in place so that they take the colour of the text beside them.
//!
//! An icon never stands alone: the words beside it say the same, so it is hidden from screen readers.

use maud::{Markup, html};

/// The icons that pages use.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[expect(missing_docs, reason = "named by what they show")]
pub enum Icon {
    Accounts,
    Alert,
    Api,
    Brand,
    Check,
    Clock,
    Close,
    Connect,
    Cross,
    Edit,
    Empty,
    External,
    Inbound,
    Link,
    Log,
    Mapping,
    Menu,
    Opportunities,
    Outbound,
    Pause,
    People,
    Retry,
    Search,
    SignOut,
    Sync,
    Undo,
    Unlink,
    User,
}

impl Icon {
    /// The strokes, in a box of 24 by 24.
    fn path(self) -> &'static str {
        match self {
            Self::Accounts => {
                "M4 21V5l9-2v18M13 9h7v12M2 21h20M8 8h1M8 12h1M8 16h1M16 13h1M16 17h1"
            }
            Self::Alert => "M12 3 1.8 20.5h20.4zM12 10v5M12 17.8v.4",
            Self::Api => "M3 18a9 9 0 1 1 18 0M12 18l4-6M10.5 18h3",
            Self::Brand => "M5 16a4 4 0 1 0 4-4M19 8a4 4 0 1 0-4 4M9 12h6",
            Self::Check => "M12 2.5a9.5 9.5 0 1 0 0 19 9.5 9.5 0 0 0 0-19M7.5 12.3l3 3 6-6.3",
            Self::Clock => "M12 2.5a9.5 9.5 0 1 0 0 19 9.5 9.5 0 0 0 0-19M12 7v5.4l3.5 2",
            Self::Close => "M5 5l14 14M19 5 5 19",
            Self::Connect => "M8 3v5M16 3v5M5 8h14v3a7 7 0 0 1-14 0zM12 18v4",
            Self::Cross => {
                "M12 2.5a9.5 9.5 0 1 0 0 19 9.5 9.5 0 0 0 0-19M8.5 8.5l7 7M15.500 8.500l-7 7"
            }
            Self::Edit => "M4 20l1-5L16 4l4 4L9 19zM13.500 6.500l4 4",
            Self::Empty => "M3 13l3-9h12l3 9v7H3zM3 13h5l1.500 3h5l1.500-3h5",
            Self::External => "M14 3h7v7M21 3l-9.500 9.500M18 14v7H3V6h7",
            Self::Inbound => "M20 12H5M11 6l-6 6 6 6",
            Self::Link => {
                "M10 14a4 4 0 0 0 6 0l4-4a4.200 4.200 0 0 0-6-6l-1.500 1.500M14 10a4 4 0 0 0-6 0l-4 4a4.200 4.200 0 0 0 6 6l1.500-1.500"
            }
            Self::Log => "M4 6h.1M4 12h.1M4 18h.1M9 6h11M9 12h11M9 18h11",
            Self::Mapping => "M3 7h6l6 10h6M18 14l3 3-3 3M3 17h4M15 7h6M18 4l3 3-3 3",
            Self::Menu => "M3 6h18M3 12h18M3 18h18",
            Self::Opportunities => "M3 8h18v12H3zM8 8V4h8v4M3 13h18M12 12v2",
            Self::Outbound => "M4 12h15M13 6l6 6-6 6",
            Self::Pause => {
                "M12 2.500a9.500 9.500 0 1 0 0 19 9.500 9.500 0 0 0 0-19M9.500 8.500v7M14.500 8.500v7"
            }
            Self::People => {
                "M9 3.500a4 4 0 1 0 0 8 4 4 0 0 0 0-8M2 20.500a7 7 0 0 1 14 0M16 4a4 4 0 0 1 0 7M18.500 14.500a7 7 0 0 1 3.500 6"
            }
            Self::Retry => "M20.500 12a8.500 8.500 0 1 1-3-6.500M18 1.500v4.500h-4.500",
            Self::Search => "M10.500 3.500a7 7 0 1 0 0 14 7 7 0 0 0 0-14M15.500 15.500l5 5",
            Self::SignOut => "M9 3H4v18h5M9 12h12M16 7l5 5-5 5",
            Self::Sync => {
                "M3.500 10a9 9 0 0 1 16-3M20 3v4.500h-4.500M20.500 14a9 9 0 0 1-16 3M4 21v-4.500h4.500"
            }
            Self::Undo => "M9 14 4 9l5-5M4 9h10a6 6 0 0 1 0 12h-3",
            Self::Unlink => {
                "M9 15a4 4 0 0 0 3 1.200M14 10a4 4 0 0 0-2.500-1.200M6 12l-2 2a4.200 4.200 0 0 0 6 6l2-2M18 12l2-2a4.200 4.200 0 0 0-6-6l-2 2M4 4l16 16"
            }
            Self::User => {
                "M12 3.500a4.500 4.500 0 1 0 0 9 4.500 4.500 0 0 0 0-9M4 21a8 8 0 0 1 16 0"
            }
        }
    }
}

/// Draws an icon as tall as the text around it.
pub fn icon(icon: Icon) -> Markup {
    html! {
        svg class="icon" viewBox="0 0 24 24" fill="none" stroke="currentColor" stroke-width="2"
            stroke-linecap="round" stroke-linejoin="round" aria-hidden="true" {
            path d=(icon.path()) {}
        }
    }
}
