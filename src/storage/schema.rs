//! The tables, in the types that both engines share. Kept by hand; a test writes and reads back every column.

diesel::table! {
    sites (id) {
        id -> BigInt,
        domain -> Text,
        name -> Text,
        is_default -> Bool,
        is_protected -> Bool,
        time_zone -> Text,
        revision -> BigInt,
    }
}

diesel::table! {
    site_aliases (id) {
        id -> BigInt,
        site_id -> BigInt,
        alias -> Text,
    }
}

diesel::table! {
    maintenances (site_id) {
        site_id -> BigInt,
        in_maintenance -> Bool,
        since -> Nullable<Timestamp>,
        started_by -> Nullable<Text>,
        expected_end -> Nullable<Timestamp>,
        at_end -> Text,
        redirect_url -> Nullable<Text>,
        retry_after -> Nullable<Integer>,
        level -> Text,
        drains_json -> Text,
    }
}

diesel::table! {
    messages (id) {
        id -> BigInt,
        site_id -> BigInt,
        position -> Integer,
        language -> Text,
        heading -> Text,
        body -> Text,
        contact -> Text,
        link_label -> Text,
        link_url -> Text,
    }
}

diesel::table! {
    ignored_patterns (id) {
        id -> BigInt,
        site_id -> BigInt,
        position -> Integer,
        kind -> Text,
        pattern -> Text,
        description -> Text,
    }
}

diesel::table! {
    internal_networks (id) {
        id -> BigInt,
        site_id -> BigInt,
        position -> Integer,
        network -> Text,
        description -> Text,
    }
}

diesel::table! {
    windows (id) {
        id -> BigInt,
        site_id -> Nullable<BigInt>,
        name -> Text,
        schedule_json -> Text,
        notice_minutes -> Integer,
        level -> Text,
        messages_json -> Text,
        is_enabled -> Bool,
        drain_minutes -> Integer,
    }
}

diesel::table! {
    window_exceptions (id) {
        id -> BigInt,
        window_id -> BigInt,
        site_id -> Nullable<BigInt>,
        starts_at -> Timestamp,
        ends_at -> Timestamp,
    }
}

diesel::table! {
    leases (id) {
        id -> BigInt,
        site_id -> BigInt,
        name -> Text,
        started_by -> Text,
        since -> Timestamp,
        expires_at -> Timestamp,
        on_expiry -> Text,
        messages_json -> Text,
    }
}

diesel::table! {
    users (id) {
        id -> BigInt,
        username -> Text,
        username_key -> Text,
        password_hash -> Text,
        is_active -> Bool,
        is_staff -> Bool,
        is_superuser -> Bool,
        is_limited_to_sites -> Bool,
        theme -> Text,
        has_shortcuts -> Bool,
        created_at -> Timestamp,
        last_login_at -> Nullable<Timestamp>,
    }
}

diesel::table! {
    user_sites (user_id, site_id) {
        user_id -> BigInt,
        site_id -> BigInt,
    }
}

diesel::table! {
    sessions (id) {
        id -> BigInt,
        key_hash -> Binary,
        user_id -> Nullable<BigInt>,
        state -> Text,
        address -> Nullable<Text>,
        user_agent -> Text,
        created_at -> Timestamp,
        last_seen_at -> Timestamp,
        expires_at -> Timestamp,
    }
}

diesel::table! {
    login_failures (scope) {
        scope -> Text,
        failures -> Integer,
        last_at -> Timestamp,
        blocked_until -> Nullable<Timestamp>,
    }
}

diesel::table! {
    changes (id) {
        id -> BigInt,
        at -> Timestamp,
        site_id -> Nullable<BigInt>,
        subject -> Text,
        actor -> Text,
        door -> Text,
        address -> Nullable<Text>,
        action -> Text,
        before_json -> Nullable<Text>,
        after_json -> Nullable<Text>,
        undoes -> Nullable<BigInt>,
    }
}

diesel::table! {
    secrets (name) {
        name -> Text,
        value -> Text,
    }
}

diesel::table! {
    servers (id) {
        id -> BigInt,
        name -> Text,
        version -> Text,
        started_at -> Timestamp,
        last_seen_at -> Timestamp,
        revision -> BigInt,
        enforced_at -> Nullable<Timestamp>,
    }
}

diesel::table! {
    tasks (id) {
        id -> BigInt,
        site_id -> BigInt,
        name -> Text,
        host -> Text,
        pid -> Nullable<BigInt>,
        started_by -> Text,
        started_at -> Timestamp,
        heartbeat_at -> Timestamp,
    }
}

diesel::table! {
    visits (id) {
        id -> BigInt,
        site_id -> BigInt,
        key_hash -> Binary,
        kind -> Text,
        name -> Text,
        address -> Nullable<Text>,
        signed_in_at -> Timestamp,
        last_seen_at -> Timestamp,
        ended_at -> Nullable<Timestamp>,
    }
}

diesel::table! {
    site_sessions (key_hash) {
        key_hash -> Binary,
        state -> Text,
        created_at -> Timestamp,
        last_seen_at -> Timestamp,
        expires_at -> Timestamp,
    }
}

diesel::table! {
    expand_steps (version) {
        version -> Text,
    }
}

diesel::allow_tables_to_appear_in_same_query!(visits, site_sessions);
diesel::allow_tables_to_appear_in_same_query!(
    sites,
    site_aliases,
    maintenances,
    messages,
    ignored_patterns,
    internal_networks,
    users,
    user_sites,
    sessions,
    changes,
);
