//! Every theme is complete and can be read by human eyes.

use super::*;

/// Relative luminance (WCAG 2.2).
fn luminance((r, g, b): (u8, u8, u8)) -> f64 {
    let linear = |part: u8| {
        let part = f64::from(part) / 255.0;
        if part <= 0.04045 { part / 12.92 } else { ((part + 0.055) / 1.055).powf(2.4) }
    };
    0.2126 * linear(r) + 0.7152 * linear(g) + 0.0722 * linear(b)
}

fn contrast(a: (u8, u8, u8), b: (u8, u8, u8)) -> f64 {
    let (a, b) = (luminance(a), luminance(b));
    (a.max(b) + 0.05) / (a.min(b) + 0.05)
}

const TEXT: [Role; 15] = [
    Role::Fg,
    Role::Muted,
    Role::Faint,
    Role::Accent,
    Role::Title,
    Role::Ok,
    Role::Info,
    Role::Warn,
    Role::Error,
    Role::Pending,
    Role::Stale,
    Role::Running,
    Role::Header,
    Role::Match,
    Role::Key,
];

#[test]
fn the_ten_themes_read_well_and_name_every_role() {
    for (name, text) in BUILT_IN {
        let theme = ThemeFile::parse(name, name, text, None).unwrap_or_else(|mistakes| panic!("{mistakes}"));
        let missing: Vec<_> = Role::ALL.iter().filter(|role| !theme.roles.contains_key(role)).collect();
        assert!(missing.is_empty(), "{name}: {missing:?}");
        assert!(!theme.about.is_empty(), "{name}");
    }
    assert_eq!(Themes::built_in().names().count(), 10);
}

#[test]
fn rgb_themes_have_contrast() {
    let mut checked = 0;
    for theme in Themes::built_in().iter() {
        let rgb = |spec: Option<ColorSpec>| spec.and_then(|spec| spec.full.rgb());
        let fg = |role| rgb(theme.style(role).fg);
        let Some(ground) = rgb(theme.style(Role::Fg).bg) else { continue };
        let zebra = rgb(theme.style(Role::Zebra).bg).unwrap_or(ground);
        let mut check = |role: Role, front: (u8, u8, u8), back: (u8, u8, u8), least: f64| {
            let found = contrast(front, back);
            let (theme, role) = (&theme.name, role.as_str());
            assert!(found >= least, "{theme}: {role} has {found:.2} of {least}");
            checked += 1;
        };
        let least = if theme.name == "high-contrast" { 7.0 } else { 4.5 };
        for role in TEXT {
            let own = rgb(theme.style(role).bg).unwrap_or(ground);
            check(role, fg(role).unwrap(), own, least);
            check(role, fg(role).unwrap(), zebra, least);
        }
        let selection = rgb(theme.style(Role::SelectionBg).bg).unwrap();
        check(Role::SelectionFg, fg(Role::SelectionFg).unwrap(), selection, least);
        check(Role::AccentFg, fg(Role::AccentFg).unwrap(), fg(Role::Accent).unwrap(), least);
        for role in [Role::MeterLow, Role::MeterMid, Role::MeterHigh, Role::BorderFocus] {
            check(role, fg(role).unwrap(), ground, 3.0);
        }
    }
    assert_eq!(checked, 8 * (2 * TEXT.len() + 6));
}

#[test]
fn the_default_theme_fixes_no_colour_of_the_terminal() {
    let theme = Themes::built_in().get(DEFAULT).cloned().unwrap();
    for (role, style) in &theme.roles {
        for color in [style.fg, style.bg].into_iter().flatten().map(|spec| spec.full) {
            let fixed = matches!(color, Color::Rgb(..) | Color::Indexed(_) | Color::Ansi(0 | 7 | 15));
            assert!(!fixed, "{role:?} {color:?}");
        }
    }
}

#[test]
fn mono_has_no_colour_and_shows_the_selection() {
    let themes = Themes::built_in();
    let mono = themes.get("mono").unwrap();
    for (role, style) in &mono.roles {
        let colored = [style.fg, style.bg].into_iter().flatten().any(|spec| spec.full != Color::Default);
        assert!(!colored, "{role:?}");
    }
    assert!(mono.style(Role::SelectionFg).attributes.reverse);
}

#[test]
fn an_own_theme_changes_what_it_names_and_keeps_the_rest() {
    let mut themes = Themes::built_in();
    let nord = themes.get("nord").cloned().unwrap();
    themes
        .add("nord", "themes/nord.toml", "[roles]\nok = { rgb = \"#00ff00\", c256 = 46, mono = \"bold\" }\n")
        .unwrap();
    let own = themes.get("nord").unwrap();
    assert!(own.own && themes.names().count() == 10);
    assert_eq!(own.style(Role::Warn), nord.style(Role::Warn));
    let ok = own.style(Role::Ok);
    assert_eq!(ok.fg.map(|spec| (spec.on_256(), spec.on_16())), Some((Color::Indexed(46), Color::Ansi(10))));
    assert!(ok.mono.is_some_and(|attributes| attributes.bold));
    themes.add("mine", "themes/mine.toml", "inherits = \"gruvbox\"\n").unwrap();
    assert_eq!(themes.get("mine").unwrap().roles, themes.get("gruvbox").unwrap().roles);
}

#[test]
fn mistakes_name_line_and_nearest() {
    let text = "inherits = \"norrd\"\n";
    let told = Themes::built_in().add("x", "themes/x.toml", text).unwrap_err().to_string();
    assert_eq!(
        told,
        "themes/x.toml:1:12: `inherits = \"norrd\"` is no built-in theme; did you mean \"nord\"?"
    );
    let text = "[roles]\nfgg = \"red\"\nok = \"gren\"\nwarn = { fg = \"#12\", blink = true }\nerror = 7\n\
                key = { rgb = \"#ffffff\", c16 = \"#000000\", mono = \"loud\" }\n";
    let told = Themes::built_in().add("x", "themes/x.toml", text).unwrap_err().to_string();
    let lines: Vec<_> = told.lines().collect();
    assert_eq!(
        lines,
        [
            "themes/x.toml:2:1: unknown key `fgg` in [roles]; did you mean `fg`?",
            "themes/x.toml:3:6: `ok = \"gren\"` in [roles] is no colour; did you mean \"green\"?",
            "themes/x.toml:4:15: `fg = \"#12\"` in [roles.warn] is no colour; write a name, \"color-208\", \"#rrggbb\" or \"default\"",
            "themes/x.toml:4:22: unknown key `blink` in [roles.warn]; known here: fg, bg, mono, bold, dim, underline, reverse",
            "themes/x.toml:5:9: `error` in [roles] is a whole number; it must be a colour, or a table with fg, bg, bold, dim, underline, reverse",
            "themes/x.toml:6:32: `c16` in [roles.key] is none of the 16 colours; write a name such as \"yellow\" or \"bright-blue\"",
            "themes/x.toml:6:50: `mono` in [roles.key] has no attribute \"loud\"; write any of bold, dim, underline, reverse, or plain",
        ]
    );
}
