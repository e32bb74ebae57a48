use spikedrive_env::{Phase, Split, WorldConfig};

use super::*;

const LEASE: Duration = Duration::from_secs(600);
const A: SessionId = SessionId(0xa);
const B: SessionId = SessionId(0xb);

fn world() -> VectorWorld {
    let course = Course::Phase { phase: Phase::Straight, split: Split::Train };
    VectorWorld::new(WorldConfig::base(course, 1, 1)).unwrap()
}

fn sessions(max_sessions: usize) -> Sessions {
    Sessions::new(SessionLimits { max_sessions, max_lane_steps: 100, lease: LEASE, ..SessionLimits::default() })
}

fn anybody() -> Caller {
    Caller::Anybody("10.0.0.1".into())
}

fn holder(name: &str) -> Caller {
    Caller::Token(name.into())
}

fn insert(sessions: &mut Sessions, id: SessionId, now: Instant) -> Result<(), SessionError> {
    insert_of(sessions, id, anybody(), LEASE, now)
}

/// Takes room first, as whoever makes a session does.
fn insert_of(
    sessions: &mut Sessions,
    id: SessionId,
    owner: Caller,
    lease: Duration,
    now: Instant,
) -> Result<(), SessionError> {
    let room = sessions.reserve(owner, 1, now)?;
    sessions.insert(id, world(), room, lease, now)
}

#[test]
fn one_stream_drives_a_session_and_its_end_frees_it() {
    let (mut sessions, now) = (sessions(2), Instant::now());
    insert(&mut sessions, A, now).unwrap();
    sessions.drive(A, &anybody(), now).unwrap();
    assert_eq!(sessions.drive(A, &anybody(), now).unwrap_err(), SessionError::AlreadyStreaming(A));
    sessions.close(A, &anybody(), now).unwrap();
    assert_eq!(sessions.drive(A, &anybody(), now).unwrap_err(), SessionError::NotFound(A));
    assert!(sessions.close(A, &anybody(), now).is_err());
}

#[test]
fn a_parked_session_waits_with_a_new_lease_unless_it_was_closed() {
    let (mut sessions, now) = (sessions(2), Instant::now());
    insert(&mut sessions, A, now).unwrap();
    let driven = sessions.drive(A, &anybody(), now + LEASE / 2).unwrap();
    sessions.park(A, driven, now + LEASE / 2);
    let driven = sessions.drive(A, &anybody(), now + LEASE).unwrap();
    sessions.close(A, &anybody(), now).unwrap();
    sessions.park(A, driven, now + LEASE);
    assert!(sessions.drive(A, &anybody(), now + LEASE).is_err());
}

#[test]
fn closing_a_driven_session_tells_its_stream_and_so_does_a_shutdown() {
    let (mut sessions, now) = (sessions(2), Instant::now());
    for id in [A, B] {
        insert(&mut sessions, id, now).unwrap();
    }
    let [a, b] = [A, B].map(|id| sessions.drive(id, &anybody(), now).unwrap().bell);
    assert_eq!((a.heard(), b.heard()), (None, None));
    sessions.close(A, &anybody(), now).unwrap();
    assert_eq!(sessions.count(), (2, 2), "its stream has not let go of it");
    assert_eq!(sessions.close(A, &anybody(), now), Err(SessionError::NotFound(A)));
    sessions.gone(A);
    assert_eq!(sessions.count(), (1, 1));
    sessions.end_all();
    assert_eq!((a.heard(), b.heard()), (Some(Ending::Closed), Some(Ending::ShuttingDown)));
    assert_eq!(sessions.count(), (0, 0));
    assert_eq!(insert(&mut sessions, A, now), Err(SessionError::ShuttingDown));
}

#[test]
fn a_session_that_no_stream_drives_expires_and_a_driven_one_does_not() {
    let (mut sessions, now) = (sessions(2), Instant::now());
    for id in [A, B] {
        insert(&mut sessions, id, now).unwrap();
    }
    sessions.drive(B, &anybody(), now).unwrap();
    let later = now + LEASE;
    let expired = SessionError::Expired(A, LEASE);
    assert_eq!(sessions.drive(A, &anybody(), later).unwrap_err(), expired, "before it is looked for");
    sessions.expire(later);
    assert_eq!((sessions.expiries(), sessions.count()), (1, (1, 1)));
    let error = sessions.close(A, &anybody(), later).unwrap_err();
    assert_eq!(error, expired);
    assert!(error.to_string().contains("expired after 600 s without traffic: create a new one"), "{error}");
    assert_eq!(sessions.drive(B, &anybody(), later).unwrap_err(), SessionError::AlreadyStreaming(B));
}

#[test]
fn a_session_may_have_a_shorter_lease() {
    let (mut sessions, now) = (sessions(2), Instant::now());
    insert_of(&mut sessions, A, anybody(), LEASE / 2, now).unwrap();
    insert(&mut sessions, B, now).unwrap();
    sessions.expire(now + LEASE / 2);
    assert_eq!((sessions.count(), sessions.lease(B)), ((1, 1), LEASE));
    let limits = sessions.limits();
    assert_eq!((limits.lease(0), limits.lease(7)), (Ok(LEASE), Ok(Duration::from_secs(7))));
    let error = limits.lease(601).unwrap_err().to_string();
    assert!(error.starts_with("lease_seconds: 601 is more than this server's lease, 600 s"), "{error}");
}

#[test]
fn a_full_server_says_so() {
    let (mut sessions, now) = (sessions(1), Instant::now());
    insert(&mut sessions, A, now).unwrap();
    let error = insert(&mut sessions, B, now).unwrap_err();
    assert!(error.to_string().contains("holds 1 sessions"));
    sessions.close(A, &anybody(), now).unwrap();
    insert(&mut sessions, B, now).unwrap();
}

#[test]
fn lane_steps_of_all_sessions_and_reservations_are_bounded() {
    let (mut sessions, now) = (sessions(9), Instant::now());
    insert(&mut sessions, A, now).unwrap();
    let reservation = sessions.reserve(anybody(), 50, now).unwrap();
    assert_eq!(sessions.check_room(&anybody(), 49, now), Ok(()));
    let error = sessions.check_room(&anybody(), 50, now).unwrap_err();
    assert!(error.to_string().contains("would hold 101 lane-steps (lanes × horizon), more than 100"), "{error}");
    sessions.release(reservation);
    assert_eq!(sessions.check_room(&anybody(), 99, now), Ok(()));
}

#[test]
fn each_caller_has_a_limit() {
    let limits = SessionLimits { max_sessions_per_caller: 1, ..SessionLimits::default() };
    let (mut sessions, now) = (Sessions::new(limits), Instant::now());
    insert_of(&mut sessions, A, holder("ann"), LEASE, now).unwrap();
    let error = insert_of(&mut sessions, B, holder("ann"), LEASE, now).unwrap_err().to_string();
    assert!(error.starts_with("the holder of token ann holds 1 sessions"), "{error}");
    insert_of(&mut sessions, B, holder("bob"), LEASE, now).unwrap();
}

#[test]
fn holders_of_tokens_see_their_own_sessions_alone() {
    let (mut sessions, now) = (sessions(9), Instant::now());
    insert_of(&mut sessions, A, holder("ann"), LEASE, now).unwrap();
    insert_of(&mut sessions, B, holder("bob"), LEASE, now + LEASE / 4).unwrap();
    for stranger in [holder("bob"), anybody()] {
        assert_eq!(sessions.drive(A, &stranger, now).unwrap_err(), SessionError::NotFound(A));
        assert_eq!(sessions.close(A, &stranger, now).unwrap_err(), SessionError::NotFound(A));
    }
    let list = sessions.list(&holder("ann"), now + LEASE / 2);
    assert_eq!(list.len(), 1);
    let Summary { id, facts, streaming, age, idle, .. } = &list[0];
    assert_eq!((*id, *streaming, *age, *idle), (A, false, LEASE / 2, LEASE / 2));
    assert_eq!((facts.course.as_str(), facts.lanes, facts.horizon), ("phase 1, train", 1, 1));
    assert!(sessions.list(&anybody(), now).is_empty());
    sessions.expire(now + LEASE);
    assert_eq!(sessions.drive(A, &holder("bob"), now).unwrap_err(), SessionError::NotFound(A));
    assert_eq!(sessions.drive(A, &holder("ann"), now).unwrap_err(), SessionError::Expired(A, LEASE));
}

#[test]
fn limits_of_a_session_are_named() {
    let limits = SessionLimits { max_lanes: 8, max_horizon: 50, ..SessionLimits::default() };
    let course = Course::Phase { phase: Phase::Straight, split: Split::Train };
    let check = |lanes, horizon| limits.check(&WorldConfig::base(course.clone(), lanes, horizon));
    assert_eq!(check(8, 50), Ok(()));
    assert_eq!(check(9, 50).unwrap_err().to_string(), "lanes: 9 is more than this server takes, 8");
    assert_eq!(check(8, 51).unwrap_err().to_string(), "horizon: 51 is more than this server takes, 50");
}

#[test]
fn ids_are_32_digits() {
    assert_eq!(A.to_string().parse(), Ok(A));
    for text in ["", "a", "+0000000000000000000000000000000a", "zz", &"0".repeat(33)] {
        assert!(matches!(text.parse::<SessionId>(), Err(SessionError::BadId(_))), "{text}");
    }
}
