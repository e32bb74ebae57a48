from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from typing import ClassVar as _ClassVar, Iterable as _Iterable, Mapping as _Mapping, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Split(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    SPLIT_UNSPECIFIED: _ClassVar[Split]
    SPLIT_TRAIN: _ClassVar[Split]
    SPLIT_VALIDATION: _ClassVar[Split]
    SPLIT_TEST: _ClassVar[Split]

class AutoresetMode(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    AUTORESET_MODE_UNSPECIFIED: _ClassVar[AutoresetMode]
    AUTORESET_MODE_NEXT_STEP: _ClassVar[AutoresetMode]
    AUTORESET_MODE_DISABLED: _ClassVar[AutoresetMode]
    AUTORESET_MODE_SAME_STEP: _ClassVar[AutoresetMode]

class CircuitMode(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    CIRCUIT_MODE_UNSPECIFIED: _ClassVar[CircuitMode]
    CIRCUIT_MODE_FIT: _ClassVar[CircuitMode]
    CIRCUIT_MODE_REAL: _ClassVar[CircuitMode]

class EndReason(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    END_REASON_UNSPECIFIED: _ClassVar[EndReason]
    END_REASON_CRASH: _ClassVar[EndReason]
    END_REASON_HORIZON: _ClassVar[EndReason]
    END_REASON_LAP: _ClassVar[EndReason]

class PictureFormat(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    PICTURE_FORMAT_UNSPECIFIED: _ClassVar[PictureFormat]
    PICTURE_FORMAT_RGB: _ClassVar[PictureFormat]
    PICTURE_FORMAT_SVG: _ClassVar[PictureFormat]
SPLIT_UNSPECIFIED: Split
SPLIT_TRAIN: Split
SPLIT_VALIDATION: Split
SPLIT_TEST: Split
AUTORESET_MODE_UNSPECIFIED: AutoresetMode
AUTORESET_MODE_NEXT_STEP: AutoresetMode
AUTORESET_MODE_DISABLED: AutoresetMode
AUTORESET_MODE_SAME_STEP: AutoresetMode
CIRCUIT_MODE_UNSPECIFIED: CircuitMode
CIRCUIT_MODE_FIT: CircuitMode
CIRCUIT_MODE_REAL: CircuitMode
END_REASON_UNSPECIFIED: EndReason
END_REASON_CRASH: EndReason
END_REASON_HORIZON: EndReason
END_REASON_LAP: EndReason
PICTURE_FORMAT_UNSPECIFIED: PictureFormat
PICTURE_FORMAT_RGB: PictureFormat
PICTURE_FORMAT_SVG: PictureFormat

class GetSpecRequest(_message.Message):
    __slots__ = ("protocol_major",)
    PROTOCOL_MAJOR_FIELD_NUMBER: _ClassVar[int]
    protocol_major: int
    def __init__(self, protocol_major: _Optional[int] = ...) -> None: ...

class GetSpecResponse(_message.Message):
    __slots__ = ("environment_id", "server_version", "protocol_major", "observation_space", "action_space", "phases", "splits", "autoreset_modes", "limits")
    ENVIRONMENT_ID_FIELD_NUMBER: _ClassVar[int]
    SERVER_VERSION_FIELD_NUMBER: _ClassVar[int]
    PROTOCOL_MAJOR_FIELD_NUMBER: _ClassVar[int]
    OBSERVATION_SPACE_FIELD_NUMBER: _ClassVar[int]
    ACTION_SPACE_FIELD_NUMBER: _ClassVar[int]
    PHASES_FIELD_NUMBER: _ClassVar[int]
    SPLITS_FIELD_NUMBER: _ClassVar[int]
    AUTORESET_MODES_FIELD_NUMBER: _ClassVar[int]
    LIMITS_FIELD_NUMBER: _ClassVar[int]
    environment_id: str
    server_version: str
    protocol_major: int
    observation_space: ObservationSpace
    action_space: ActionSpace
    phases: _containers.RepeatedCompositeFieldContainer[PhaseSpec]
    splits: _containers.RepeatedCompositeFieldContainer[SplitSpec]
    autoreset_modes: _containers.RepeatedScalarFieldContainer[AutoresetMode]
    limits: Limits
    def __init__(self, environment_id: _Optional[str] = ..., server_version: _Optional[str] = ..., protocol_major: _Optional[int] = ..., observation_space: _Optional[_Union[ObservationSpace, _Mapping]] = ..., action_space: _Optional[_Union[ActionSpace, _Mapping]] = ..., phases: _Optional[_Iterable[_Union[PhaseSpec, _Mapping]]] = ..., splits: _Optional[_Iterable[_Union[SplitSpec, _Mapping]]] = ..., autoreset_modes: _Optional[_Iterable[_Union[AutoresetMode, str]]] = ..., limits: _Optional[_Union[Limits, _Mapping]] = ...) -> None: ...

class ObservationSpace(_message.Message):
    __slots__ = ("names", "low", "high", "unit")
    NAMES_FIELD_NUMBER: _ClassVar[int]
    LOW_FIELD_NUMBER: _ClassVar[int]
    HIGH_FIELD_NUMBER: _ClassVar[int]
    UNIT_FIELD_NUMBER: _ClassVar[int]
    names: _containers.RepeatedScalarFieldContainer[str]
    low: _containers.RepeatedScalarFieldContainer[float]
    high: _containers.RepeatedScalarFieldContainer[float]
    unit: str
    def __init__(self, names: _Optional[_Iterable[str]] = ..., low: _Optional[_Iterable[float]] = ..., high: _Optional[_Iterable[float]] = ..., unit: _Optional[str] = ...) -> None: ...

class ActionSpace(_message.Message):
    __slots__ = ("meanings",)
    MEANINGS_FIELD_NUMBER: _ClassVar[int]
    meanings: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, meanings: _Optional[_Iterable[str]] = ...) -> None: ...

class PhaseSpec(_message.Message):
    __slots__ = ("phase", "name")
    PHASE_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    phase: int
    name: str
    def __init__(self, phase: _Optional[int] = ..., name: _Optional[str] = ...) -> None: ...

class SplitSpec(_message.Message):
    __slots__ = ("split", "first_track", "tracks")
    SPLIT_FIELD_NUMBER: _ClassVar[int]
    FIRST_TRACK_FIELD_NUMBER: _ClassVar[int]
    TRACKS_FIELD_NUMBER: _ClassVar[int]
    split: Split
    first_track: int
    tracks: int
    def __init__(self, split: _Optional[_Union[Split, str]] = ..., first_track: _Optional[int] = ..., tracks: _Optional[int] = ...) -> None: ...

class Limits(_message.Message):
    __slots__ = ("max_sessions", "max_lanes", "max_horizon", "max_lane_steps", "max_circuit_bytes", "lease_seconds")
    MAX_SESSIONS_FIELD_NUMBER: _ClassVar[int]
    MAX_LANES_FIELD_NUMBER: _ClassVar[int]
    MAX_HORIZON_FIELD_NUMBER: _ClassVar[int]
    MAX_LANE_STEPS_FIELD_NUMBER: _ClassVar[int]
    MAX_CIRCUIT_BYTES_FIELD_NUMBER: _ClassVar[int]
    LEASE_SECONDS_FIELD_NUMBER: _ClassVar[int]
    max_sessions: int
    max_lanes: int
    max_horizon: int
    max_lane_steps: int
    max_circuit_bytes: int
    lease_seconds: int
    def __init__(self, max_sessions: _Optional[int] = ..., max_lanes: _Optional[int] = ..., max_horizon: _Optional[int] = ..., max_lane_steps: _Optional[int] = ..., max_circuit_bytes: _Optional[int] = ..., lease_seconds: _Optional[int] = ...) -> None: ...

class CreateSessionRequest(_message.Message):
    __slots__ = ("lanes", "phase", "circuit", "seed", "horizon", "first_episode", "autoreset_mode", "options", "info", "lease_seconds")
    LANES_FIELD_NUMBER: _ClassVar[int]
    PHASE_FIELD_NUMBER: _ClassVar[int]
    CIRCUIT_FIELD_NUMBER: _ClassVar[int]
    SEED_FIELD_NUMBER: _ClassVar[int]
    HORIZON_FIELD_NUMBER: _ClassVar[int]
    FIRST_EPISODE_FIELD_NUMBER: _ClassVar[int]
    AUTORESET_MODE_FIELD_NUMBER: _ClassVar[int]
    OPTIONS_FIELD_NUMBER: _ClassVar[int]
    INFO_FIELD_NUMBER: _ClassVar[int]
    LEASE_SECONDS_FIELD_NUMBER: _ClassVar[int]
    lanes: int
    phase: PhaseCourse
    circuit: CircuitCourse
    seed: int
    horizon: int
    first_episode: int
    autoreset_mode: AutoresetMode
    options: WorldOptions
    info: bool
    lease_seconds: int
    def __init__(self, lanes: _Optional[int] = ..., phase: _Optional[_Union[PhaseCourse, _Mapping]] = ..., circuit: _Optional[_Union[CircuitCourse, _Mapping]] = ..., seed: _Optional[int] = ..., horizon: _Optional[int] = ..., first_episode: _Optional[int] = ..., autoreset_mode: _Optional[_Union[AutoresetMode, str]] = ..., options: _Optional[_Union[WorldOptions, _Mapping]] = ..., info: bool = ..., lease_seconds: _Optional[int] = ...) -> None: ...

class WorldOptions(_message.Message):
    __slots__ = ("rays", "sensor_noise", "sensor_latency", "actuator_lag", "gust", "varying_width", "predictive_reward", "steering_gain", "left_ray_gain")
    RAYS_FIELD_NUMBER: _ClassVar[int]
    SENSOR_NOISE_FIELD_NUMBER: _ClassVar[int]
    SENSOR_LATENCY_FIELD_NUMBER: _ClassVar[int]
    ACTUATOR_LAG_FIELD_NUMBER: _ClassVar[int]
    GUST_FIELD_NUMBER: _ClassVar[int]
    VARYING_WIDTH_FIELD_NUMBER: _ClassVar[int]
    PREDICTIVE_REWARD_FIELD_NUMBER: _ClassVar[int]
    STEERING_GAIN_FIELD_NUMBER: _ClassVar[int]
    LEFT_RAY_GAIN_FIELD_NUMBER: _ClassVar[int]
    rays: int
    sensor_noise: float
    sensor_latency: int
    actuator_lag: float
    gust: float
    varying_width: bool
    predictive_reward: float
    steering_gain: float
    left_ray_gain: float
    def __init__(self, rays: _Optional[int] = ..., sensor_noise: _Optional[float] = ..., sensor_latency: _Optional[int] = ..., actuator_lag: _Optional[float] = ..., gust: _Optional[float] = ..., varying_width: bool = ..., predictive_reward: _Optional[float] = ..., steering_gain: _Optional[float] = ..., left_ray_gain: _Optional[float] = ...) -> None: ...

class PhaseCourse(_message.Message):
    __slots__ = ("phase", "split")
    PHASE_FIELD_NUMBER: _ClassVar[int]
    SPLIT_FIELD_NUMBER: _ClassVar[int]
    phase: int
    split: Split
    def __init__(self, phase: _Optional[int] = ..., split: _Optional[_Union[Split, str]] = ...) -> None: ...

class CircuitCourse(_message.Message):
    __slots__ = ("name", "csv", "mode")
    NAME_FIELD_NUMBER: _ClassVar[int]
    CSV_FIELD_NUMBER: _ClassVar[int]
    MODE_FIELD_NUMBER: _ClassVar[int]
    name: str
    csv: str
    mode: CircuitMode
    def __init__(self, name: _Optional[str] = ..., csv: _Optional[str] = ..., mode: _Optional[_Union[CircuitMode, str]] = ...) -> None: ...

class CreateSessionResponse(_message.Message):
    __slots__ = ("session_id", "observations", "horizon", "autoreset_mode", "lap_length", "options", "observation_space", "action_space", "warnings", "info", "lease_seconds")
    SESSION_ID_FIELD_NUMBER: _ClassVar[int]
    OBSERVATIONS_FIELD_NUMBER: _ClassVar[int]
    HORIZON_FIELD_NUMBER: _ClassVar[int]
    AUTORESET_MODE_FIELD_NUMBER: _ClassVar[int]
    LAP_LENGTH_FIELD_NUMBER: _ClassVar[int]
    OPTIONS_FIELD_NUMBER: _ClassVar[int]
    OBSERVATION_SPACE_FIELD_NUMBER: _ClassVar[int]
    ACTION_SPACE_FIELD_NUMBER: _ClassVar[int]
    WARNINGS_FIELD_NUMBER: _ClassVar[int]
    INFO_FIELD_NUMBER: _ClassVar[int]
    LEASE_SECONDS_FIELD_NUMBER: _ClassVar[int]
    session_id: str
    observations: bytes
    horizon: int
    autoreset_mode: AutoresetMode
    lap_length: float
    options: WorldOptions
    observation_space: ObservationSpace
    action_space: ActionSpace
    warnings: _containers.RepeatedScalarFieldContainer[str]
    info: LaneInfo
    lease_seconds: int
    def __init__(self, session_id: _Optional[str] = ..., observations: _Optional[bytes] = ..., horizon: _Optional[int] = ..., autoreset_mode: _Optional[_Union[AutoresetMode, str]] = ..., lap_length: _Optional[float] = ..., options: _Optional[_Union[WorldOptions, _Mapping]] = ..., observation_space: _Optional[_Union[ObservationSpace, _Mapping]] = ..., action_space: _Optional[_Union[ActionSpace, _Mapping]] = ..., warnings: _Optional[_Iterable[str]] = ..., info: _Optional[_Union[LaneInfo, _Mapping]] = ..., lease_seconds: _Optional[int] = ...) -> None: ...

class LaneInfo(_message.Message):
    __slots__ = ("poses", "roads")
    POSES_FIELD_NUMBER: _ClassVar[int]
    ROADS_FIELD_NUMBER: _ClassVar[int]
    poses: bytes
    roads: _containers.RepeatedCompositeFieldContainer[LaneRoad]
    def __init__(self, poses: _Optional[bytes] = ..., roads: _Optional[_Iterable[_Union[LaneRoad, _Mapping]]] = ...) -> None: ...

class LaneRoad(_message.Message):
    __slots__ = ("lane", "track", "closed", "centre", "half_widths")
    LANE_FIELD_NUMBER: _ClassVar[int]
    TRACK_FIELD_NUMBER: _ClassVar[int]
    CLOSED_FIELD_NUMBER: _ClassVar[int]
    CENTRE_FIELD_NUMBER: _ClassVar[int]
    HALF_WIDTHS_FIELD_NUMBER: _ClassVar[int]
    lane: int
    track: int
    closed: bool
    centre: bytes
    half_widths: bytes
    def __init__(self, lane: _Optional[int] = ..., track: _Optional[int] = ..., closed: bool = ..., centre: _Optional[bytes] = ..., half_widths: _Optional[bytes] = ...) -> None: ...

class StreamRequest(_message.Message):
    __slots__ = ("session_id", "actions", "reset_mask", "action_rows", "snapshot", "restore", "fork", "render")
    SESSION_ID_FIELD_NUMBER: _ClassVar[int]
    ACTIONS_FIELD_NUMBER: _ClassVar[int]
    RESET_MASK_FIELD_NUMBER: _ClassVar[int]
    ACTION_ROWS_FIELD_NUMBER: _ClassVar[int]
    SNAPSHOT_FIELD_NUMBER: _ClassVar[int]
    RESTORE_FIELD_NUMBER: _ClassVar[int]
    FORK_FIELD_NUMBER: _ClassVar[int]
    RENDER_FIELD_NUMBER: _ClassVar[int]
    session_id: str
    actions: bytes
    reset_mask: bytes
    action_rows: bytes
    snapshot: StreamSnapshot
    restore: bytes
    fork: StreamFork
    render: RenderSettings
    def __init__(self, session_id: _Optional[str] = ..., actions: _Optional[bytes] = ..., reset_mask: _Optional[bytes] = ..., action_rows: _Optional[bytes] = ..., snapshot: _Optional[_Union[StreamSnapshot, _Mapping]] = ..., restore: _Optional[bytes] = ..., fork: _Optional[_Union[StreamFork, _Mapping]] = ..., render: _Optional[_Union[RenderSettings, _Mapping]] = ...) -> None: ...

class StreamSnapshot(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class StreamFork(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class StepRequest(_message.Message):
    __slots__ = ("session_id", "actions")
    SESSION_ID_FIELD_NUMBER: _ClassVar[int]
    ACTIONS_FIELD_NUMBER: _ClassVar[int]
    session_id: str
    actions: bytes
    def __init__(self, session_id: _Optional[str] = ..., actions: _Optional[bytes] = ...) -> None: ...

class StepResponse(_message.Message):
    __slots__ = ("result",)
    RESULT_FIELD_NUMBER: _ClassVar[int]
    result: StepResult
    def __init__(self, result: _Optional[_Union[StepResult, _Mapping]] = ...) -> None: ...

class ResetRequest(_message.Message):
    __slots__ = ("session_id", "reset_mask")
    SESSION_ID_FIELD_NUMBER: _ClassVar[int]
    RESET_MASK_FIELD_NUMBER: _ClassVar[int]
    session_id: str
    reset_mask: bytes
    def __init__(self, session_id: _Optional[str] = ..., reset_mask: _Optional[bytes] = ...) -> None: ...

class ResetResponse(_message.Message):
    __slots__ = ("observations", "info")
    OBSERVATIONS_FIELD_NUMBER: _ClassVar[int]
    INFO_FIELD_NUMBER: _ClassVar[int]
    observations: bytes
    info: LaneInfo
    def __init__(self, observations: _Optional[bytes] = ..., info: _Optional[_Union[LaneInfo, _Mapping]] = ...) -> None: ...

class StreamResponse(_message.Message):
    __slots__ = ("result", "error", "snapshot", "fork", "picture")
    RESULT_FIELD_NUMBER: _ClassVar[int]
    ERROR_FIELD_NUMBER: _ClassVar[int]
    SNAPSHOT_FIELD_NUMBER: _ClassVar[int]
    FORK_FIELD_NUMBER: _ClassVar[int]
    PICTURE_FIELD_NUMBER: _ClassVar[int]
    result: StepResult
    error: StepError
    snapshot: SnapshotResponse
    fork: CreateSessionResponse
    picture: RenderResponse
    def __init__(self, result: _Optional[_Union[StepResult, _Mapping]] = ..., error: _Optional[_Union[StepError, _Mapping]] = ..., snapshot: _Optional[_Union[SnapshotResponse, _Mapping]] = ..., fork: _Optional[_Union[CreateSessionResponse, _Mapping]] = ..., picture: _Optional[_Union[RenderResponse, _Mapping]] = ...) -> None: ...

class StepResult(_message.Message):
    __slots__ = ("observations", "rewards", "terminated", "truncated", "end_reasons", "info", "final_observations", "finished_returns", "finished_lengths", "steps")
    OBSERVATIONS_FIELD_NUMBER: _ClassVar[int]
    REWARDS_FIELD_NUMBER: _ClassVar[int]
    TERMINATED_FIELD_NUMBER: _ClassVar[int]
    TRUNCATED_FIELD_NUMBER: _ClassVar[int]
    END_REASONS_FIELD_NUMBER: _ClassVar[int]
    INFO_FIELD_NUMBER: _ClassVar[int]
    FINAL_OBSERVATIONS_FIELD_NUMBER: _ClassVar[int]
    FINISHED_RETURNS_FIELD_NUMBER: _ClassVar[int]
    FINISHED_LENGTHS_FIELD_NUMBER: _ClassVar[int]
    STEPS_FIELD_NUMBER: _ClassVar[int]
    observations: bytes
    rewards: bytes
    terminated: bytes
    truncated: bytes
    end_reasons: bytes
    info: LaneInfo
    final_observations: bytes
    finished_returns: bytes
    finished_lengths: bytes
    steps: int
    def __init__(self, observations: _Optional[bytes] = ..., rewards: _Optional[bytes] = ..., terminated: _Optional[bytes] = ..., truncated: _Optional[bytes] = ..., end_reasons: _Optional[bytes] = ..., info: _Optional[_Union[LaneInfo, _Mapping]] = ..., final_observations: _Optional[bytes] = ..., finished_returns: _Optional[bytes] = ..., finished_lengths: _Optional[bytes] = ..., steps: _Optional[int] = ...) -> None: ...

class StepError(_message.Message):
    __slots__ = ("code", "field", "message")
    CODE_FIELD_NUMBER: _ClassVar[int]
    FIELD_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    code: int
    field: str
    message: str
    def __init__(self, code: _Optional[int] = ..., field: _Optional[str] = ..., message: _Optional[str] = ...) -> None: ...

class CloseSessionRequest(_message.Message):
    __slots__ = ("session_id",)
    SESSION_ID_FIELD_NUMBER: _ClassVar[int]
    session_id: str
    def __init__(self, session_id: _Optional[str] = ...) -> None: ...

class CloseSessionResponse(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class SnapshotRequest(_message.Message):
    __slots__ = ("session_id",)
    SESSION_ID_FIELD_NUMBER: _ClassVar[int]
    session_id: str
    def __init__(self, session_id: _Optional[str] = ...) -> None: ...

class SnapshotResponse(_message.Message):
    __slots__ = ("state",)
    STATE_FIELD_NUMBER: _ClassVar[int]
    state: bytes
    def __init__(self, state: _Optional[bytes] = ...) -> None: ...

class RestoreRequest(_message.Message):
    __slots__ = ("state", "lease_seconds")
    STATE_FIELD_NUMBER: _ClassVar[int]
    LEASE_SECONDS_FIELD_NUMBER: _ClassVar[int]
    state: bytes
    lease_seconds: int
    def __init__(self, state: _Optional[bytes] = ..., lease_seconds: _Optional[int] = ...) -> None: ...

class ForkRequest(_message.Message):
    __slots__ = ("session_id",)
    SESSION_ID_FIELD_NUMBER: _ClassVar[int]
    session_id: str
    def __init__(self, session_id: _Optional[str] = ...) -> None: ...

class RenderRequest(_message.Message):
    __slots__ = ("session_id", "settings")
    SESSION_ID_FIELD_NUMBER: _ClassVar[int]
    SETTINGS_FIELD_NUMBER: _ClassVar[int]
    session_id: str
    settings: RenderSettings
    def __init__(self, session_id: _Optional[str] = ..., settings: _Optional[_Union[RenderSettings, _Mapping]] = ...) -> None: ...

class RenderSettings(_message.Message):
    __slots__ = ("lane", "format", "pixels")
    LANE_FIELD_NUMBER: _ClassVar[int]
    FORMAT_FIELD_NUMBER: _ClassVar[int]
    PIXELS_FIELD_NUMBER: _ClassVar[int]
    lane: int
    format: PictureFormat
    pixels: int
    def __init__(self, lane: _Optional[int] = ..., format: _Optional[_Union[PictureFormat, str]] = ..., pixels: _Optional[int] = ...) -> None: ...

class RenderResponse(_message.Message):
    __slots__ = ("pixels", "format", "data")
    PIXELS_FIELD_NUMBER: _ClassVar[int]
    FORMAT_FIELD_NUMBER: _ClassVar[int]
    DATA_FIELD_NUMBER: _ClassVar[int]
    pixels: int
    format: PictureFormat
    data: bytes
    def __init__(self, pixels: _Optional[int] = ..., format: _Optional[_Union[PictureFormat, str]] = ..., data: _Optional[bytes] = ...) -> None: ...

class ListSessionsRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class ListSessionsResponse(_message.Message):
    __slots__ = ("sessions",)
    SESSIONS_FIELD_NUMBER: _ClassVar[int]
    sessions: _containers.RepeatedCompositeFieldContainer[SessionSummary]
    def __init__(self, sessions: _Optional[_Iterable[_Union[SessionSummary, _Mapping]]] = ...) -> None: ...

class SessionSummary(_message.Message):
    __slots__ = ("session_id", "course", "lanes", "horizon", "streaming", "age_seconds", "idle_seconds", "lease_seconds")
    SESSION_ID_FIELD_NUMBER: _ClassVar[int]
    COURSE_FIELD_NUMBER: _ClassVar[int]
    LANES_FIELD_NUMBER: _ClassVar[int]
    HORIZON_FIELD_NUMBER: _ClassVar[int]
    STREAMING_FIELD_NUMBER: _ClassVar[int]
    AGE_SECONDS_FIELD_NUMBER: _ClassVar[int]
    IDLE_SECONDS_FIELD_NUMBER: _ClassVar[int]
    LEASE_SECONDS_FIELD_NUMBER: _ClassVar[int]
    session_id: str
    course: str
    lanes: int
    horizon: int
    streaming: bool
    age_seconds: float
    idle_seconds: float
    lease_seconds: int
    def __init__(self, session_id: _Optional[str] = ..., course: _Optional[str] = ..., lanes: _Optional[int] = ..., horizon: _Optional[int] = ..., streaming: bool = ..., age_seconds: _Optional[float] = ..., idle_seconds: _Optional[float] = ..., lease_seconds: _Optional[int] = ...) -> None: ...
