from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from typing import ClassVar as _ClassVar, Iterable as _Iterable, Mapping as _Mapping, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class DriveMode(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    DRIVE_MODE_UNSPECIFIED: _ClassVar[DriveMode]
    DRIVE_MODE_TRAINING: _ClassVar[DriveMode]
    DRIVE_MODE_DRIVING: _ClassVar[DriveMode]

class RecordingReason(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    RECORDING_REASON_UNSPECIFIED: _ClassVar[RecordingReason]
    RECORDING_REASON_FIRST: _ClassVar[RecordingReason]
    RECORDING_REASON_BEST: _ClassVar[RecordingReason]
    RECORDING_REASON_PERIODIC: _ClassVar[RecordingReason]
    RECORDING_REASON_CRASHED: _ClassVar[RecordingReason]
    RECORDING_REASON_GHOST: _ClassVar[RecordingReason]
DRIVE_MODE_UNSPECIFIED: DriveMode
DRIVE_MODE_TRAINING: DriveMode
DRIVE_MODE_DRIVING: DriveMode
RECORDING_REASON_UNSPECIFIED: RecordingReason
RECORDING_REASON_FIRST: RecordingReason
RECORDING_REASON_BEST: RecordingReason
RECORDING_REASON_PERIODIC: RecordingReason
RECORDING_REASON_CRASHED: RecordingReason
RECORDING_REASON_GHOST: RecordingReason

class PublishRequest(_message.Message):
    __slots__ = ("seq", "dropped_before", "start", "episodes", "road", "frame", "weights", "recording", "end")
    SEQ_FIELD_NUMBER: _ClassVar[int]
    DROPPED_BEFORE_FIELD_NUMBER: _ClassVar[int]
    START_FIELD_NUMBER: _ClassVar[int]
    EPISODES_FIELD_NUMBER: _ClassVar[int]
    ROAD_FIELD_NUMBER: _ClassVar[int]
    FRAME_FIELD_NUMBER: _ClassVar[int]
    WEIGHTS_FIELD_NUMBER: _ClassVar[int]
    RECORDING_FIELD_NUMBER: _ClassVar[int]
    END_FIELD_NUMBER: _ClassVar[int]
    seq: int
    dropped_before: int
    start: RunStart
    episodes: Episodes
    road: Road
    frame: Frame
    weights: Weights
    recording: Recording
    end: RunEnd
    def __init__(self, seq: _Optional[int] = ..., dropped_before: _Optional[int] = ..., start: _Optional[_Union[RunStart, _Mapping]] = ..., episodes: _Optional[_Union[Episodes, _Mapping]] = ..., road: _Optional[_Union[Road, _Mapping]] = ..., frame: _Optional[_Union[Frame, _Mapping]] = ..., weights: _Optional[_Union[Weights, _Mapping]] = ..., recording: _Optional[_Union[Recording, _Mapping]] = ..., end: _Optional[_Union[RunEnd, _Mapping]] = ...) -> None: ...

class RunStart(_message.Message):
    __slots__ = ("run_id", "run_json", "populations", "initial_weights")
    RUN_ID_FIELD_NUMBER: _ClassVar[int]
    RUN_JSON_FIELD_NUMBER: _ClassVar[int]
    POPULATIONS_FIELD_NUMBER: _ClassVar[int]
    INITIAL_WEIGHTS_FIELD_NUMBER: _ClassVar[int]
    run_id: str
    run_json: str
    populations: _containers.RepeatedCompositeFieldContainer[Population]
    initial_weights: Matrix
    def __init__(self, run_id: _Optional[str] = ..., run_json: _Optional[str] = ..., populations: _Optional[_Iterable[_Union[Population, _Mapping]]] = ..., initial_weights: _Optional[_Union[Matrix, _Mapping]] = ...) -> None: ...

class Population(_message.Message):
    __slots__ = ("name", "first", "size")
    NAME_FIELD_NUMBER: _ClassVar[int]
    FIRST_FIELD_NUMBER: _ClassVar[int]
    SIZE_FIELD_NUMBER: _ClassVar[int]
    name: str
    first: int
    size: int
    def __init__(self, name: _Optional[str] = ..., first: _Optional[int] = ..., size: _Optional[int] = ...) -> None: ...

class Matrix(_message.Message):
    __slots__ = ("rows", "columns", "scale", "values")
    ROWS_FIELD_NUMBER: _ClassVar[int]
    COLUMNS_FIELD_NUMBER: _ClassVar[int]
    SCALE_FIELD_NUMBER: _ClassVar[int]
    VALUES_FIELD_NUMBER: _ClassVar[int]
    rows: int
    columns: int
    scale: float
    values: bytes
    def __init__(self, rows: _Optional[int] = ..., columns: _Optional[int] = ..., scale: _Optional[float] = ..., values: _Optional[bytes] = ...) -> None: ...

class Episodes(_message.Message):
    __slots__ = ("json",)
    JSON_FIELD_NUMBER: _ClassVar[int]
    json: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, json: _Optional[_Iterable[str]] = ...) -> None: ...

class Road(_message.Message):
    __slots__ = ("episode", "name", "closed", "centre", "half_widths")
    EPISODE_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    CLOSED_FIELD_NUMBER: _ClassVar[int]
    CENTRE_FIELD_NUMBER: _ClassVar[int]
    HALF_WIDTHS_FIELD_NUMBER: _ClassVar[int]
    episode: int
    name: str
    closed: bool
    centre: bytes
    half_widths: bytes
    def __init__(self, episode: _Optional[int] = ..., name: _Optional[str] = ..., closed: bool = ..., centre: _Optional[bytes] = ..., half_widths: _Optional[bytes] = ...) -> None: ...

class Frame(_message.Message):
    __slots__ = ("episode", "step", "phase", "x", "y", "heading_rad", "observation", "action", "action_shares", "reward", "episode_return", "dopamine", "value", "raster", "ticks", "mode")
    EPISODE_FIELD_NUMBER: _ClassVar[int]
    STEP_FIELD_NUMBER: _ClassVar[int]
    PHASE_FIELD_NUMBER: _ClassVar[int]
    X_FIELD_NUMBER: _ClassVar[int]
    Y_FIELD_NUMBER: _ClassVar[int]
    HEADING_RAD_FIELD_NUMBER: _ClassVar[int]
    OBSERVATION_FIELD_NUMBER: _ClassVar[int]
    ACTION_FIELD_NUMBER: _ClassVar[int]
    ACTION_SHARES_FIELD_NUMBER: _ClassVar[int]
    REWARD_FIELD_NUMBER: _ClassVar[int]
    EPISODE_RETURN_FIELD_NUMBER: _ClassVar[int]
    DOPAMINE_FIELD_NUMBER: _ClassVar[int]
    VALUE_FIELD_NUMBER: _ClassVar[int]
    RASTER_FIELD_NUMBER: _ClassVar[int]
    TICKS_FIELD_NUMBER: _ClassVar[int]
    MODE_FIELD_NUMBER: _ClassVar[int]
    episode: int
    step: int
    phase: int
    x: float
    y: float
    heading_rad: float
    observation: bytes
    action: int
    action_shares: bytes
    reward: float
    episode_return: float
    dopamine: float
    value: float
    raster: bytes
    ticks: int
    mode: DriveMode
    def __init__(self, episode: _Optional[int] = ..., step: _Optional[int] = ..., phase: _Optional[int] = ..., x: _Optional[float] = ..., y: _Optional[float] = ..., heading_rad: _Optional[float] = ..., observation: _Optional[bytes] = ..., action: _Optional[int] = ..., action_shares: _Optional[bytes] = ..., reward: _Optional[float] = ..., episode_return: _Optional[float] = ..., dopamine: _Optional[float] = ..., value: _Optional[float] = ..., raster: _Optional[bytes] = ..., ticks: _Optional[int] = ..., mode: _Optional[_Union[DriveMode, str]] = ...) -> None: ...

class Weights(_message.Message):
    __slots__ = ("episode", "weights", "eligibility")
    EPISODE_FIELD_NUMBER: _ClassVar[int]
    WEIGHTS_FIELD_NUMBER: _ClassVar[int]
    ELIGIBILITY_FIELD_NUMBER: _ClassVar[int]
    episode: int
    weights: Matrix
    eligibility: Matrix
    def __init__(self, episode: _Optional[int] = ..., weights: _Optional[_Union[Matrix, _Mapping]] = ..., eligibility: _Optional[_Union[Matrix, _Mapping]] = ...) -> None: ...

class Recording(_message.Message):
    __slots__ = ("name", "reasons", "run_id", "episode", "phase", "episode_return", "crashed", "mode", "test_track", "populations", "road", "frames")
    NAME_FIELD_NUMBER: _ClassVar[int]
    REASONS_FIELD_NUMBER: _ClassVar[int]
    RUN_ID_FIELD_NUMBER: _ClassVar[int]
    EPISODE_FIELD_NUMBER: _ClassVar[int]
    PHASE_FIELD_NUMBER: _ClassVar[int]
    EPISODE_RETURN_FIELD_NUMBER: _ClassVar[int]
    CRASHED_FIELD_NUMBER: _ClassVar[int]
    MODE_FIELD_NUMBER: _ClassVar[int]
    TEST_TRACK_FIELD_NUMBER: _ClassVar[int]
    POPULATIONS_FIELD_NUMBER: _ClassVar[int]
    ROAD_FIELD_NUMBER: _ClassVar[int]
    FRAMES_FIELD_NUMBER: _ClassVar[int]
    name: str
    reasons: _containers.RepeatedScalarFieldContainer[RecordingReason]
    run_id: str
    episode: int
    phase: int
    episode_return: float
    crashed: bool
    mode: DriveMode
    test_track: int
    populations: _containers.RepeatedCompositeFieldContainer[Population]
    road: Road
    frames: _containers.RepeatedCompositeFieldContainer[Frame]
    def __init__(self, name: _Optional[str] = ..., reasons: _Optional[_Iterable[_Union[RecordingReason, str]]] = ..., run_id: _Optional[str] = ..., episode: _Optional[int] = ..., phase: _Optional[int] = ..., episode_return: _Optional[float] = ..., crashed: bool = ..., mode: _Optional[_Union[DriveMode, str]] = ..., test_track: _Optional[int] = ..., populations: _Optional[_Iterable[_Union[Population, _Mapping]]] = ..., road: _Optional[_Union[Road, _Mapping]] = ..., frames: _Optional[_Iterable[_Union[Frame, _Mapping]]] = ...) -> None: ...

class RunEnd(_message.Message):
    __slots__ = ("summary_json",)
    SUMMARY_JSON_FIELD_NUMBER: _ClassVar[int]
    summary_json: str
    def __init__(self, summary_json: _Optional[str] = ...) -> None: ...

class PublishResponse(_message.Message):
    __slots__ = ("welcome", "control")
    WELCOME_FIELD_NUMBER: _ClassVar[int]
    CONTROL_FIELD_NUMBER: _ClassVar[int]
    welcome: Welcome
    control: Control
    def __init__(self, welcome: _Optional[_Union[Welcome, _Mapping]] = ..., control: _Optional[_Union[Control, _Mapping]] = ...) -> None: ...

class Welcome(_message.Message):
    __slots__ = ("episodes", "recordings")
    EPISODES_FIELD_NUMBER: _ClassVar[int]
    RECORDINGS_FIELD_NUMBER: _ClassVar[int]
    episodes: int
    recordings: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, episodes: _Optional[int] = ..., recordings: _Optional[_Iterable[str]] = ...) -> None: ...

class Control(_message.Message):
    __slots__ = ("frames", "weights", "paused", "steps", "speed")
    FRAMES_FIELD_NUMBER: _ClassVar[int]
    WEIGHTS_FIELD_NUMBER: _ClassVar[int]
    PAUSED_FIELD_NUMBER: _ClassVar[int]
    STEPS_FIELD_NUMBER: _ClassVar[int]
    SPEED_FIELD_NUMBER: _ClassVar[int]
    frames: bool
    weights: bool
    paused: bool
    steps: int
    speed: float
    def __init__(self, frames: bool = ..., weights: bool = ..., paused: bool = ..., steps: _Optional[int] = ..., speed: _Optional[float] = ...) -> None: ...
