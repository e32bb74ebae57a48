"""Episodes: state, sensors and reward of every step are what the project's own protocol tells of the same world."""

from target import BOTH, CIRCUIT, INTERRUPTED, LEFT, REWARD, RIGHT, RUNNING, SENSORS, STRAIGHT, TERMINATED, Case, steer


class Episodes(Case):
    def drives_as_the_reference(self, policy, steps=60, **settings):
        agent, reference = self.driver(**settings), self.reference(**settings)
        told = agent.step(STRAIGHT)
        seen = [told[0]]
        assert told == reference.first
        for _ in range(steps):
            action = policy(told[1])
            told = agent.step(action)
            assert told == reference.step(action)
            seen.append(told[0])
        return seen

    def test_a_horizon_interrupts_with_the_last_observation_and_reward(self):
        states = self.drives_as_the_reference(steer, seed=3, horizon=9)
        assert states == ([RUNNING] * 9 + [INTERRUPTED]) * 6 + [RUNNING]

    def test_a_crash_terminates_with_the_last_observation_and_reward(self):
        states = self.drives_as_the_reference(lambda sensors: LEFT, seed=3)
        assert states.count(TERMINATED) > 1
        assert INTERRUPTED not in states

    def test_every_phase_and_set_of_tracks(self):
        for phase, track in [(1, "train"), (2, "validation"), (3, "test"), (4, "train")]:
            self.drives_as_the_reference(steer, phase=phase, track=track, horizon=12, steps=30, seed=11)

    def test_options_of_the_world(self):
        self.drives_as_the_reference(steer, steps=30, horizon=12, rays=5, sensor_noise=0.5, sensor_latency=2, actuator_lag=0.5)
        self.drives_as_the_reference(steer, steps=30, horizon=12, gust=0.1, varying_width=True, predictive_reward=0.5)
        self.drives_as_the_reference(steer, steps=30, horizon=12, steering_gain=-0.5, left_ray_gain=0.7, first_episode=3)

    def test_a_circuit(self):
        self.drives_as_the_reference(steer, steps=30, horizon=12, circuit=CIRCUIT.read_text())

    def test_all_defaults(self):
        states = self.drives_as_the_reference(steer, steps=101)
        assert states == [RUNNING] * 100 + [INTERRUPTED, RUNNING]

    def test_seeded_runs_repeat_and_other_seeds_differ(self):
        def run(seed):
            agent = self.driver(seed=seed, horizon=10)
            return [agent.step(STRAIGHT) for _ in range(25)]

        assert run(5) == run(5)
        assert run(5) != run(6)

    def test_every_agent_of_a_world_drives_a_car_of_its_own_from_the_first_episode_on(self):
        first, second = self.agent(), self.agent()
        name = self.world(first, seed=5, horizon=10)
        first.join(name)
        alone = [first.step(STRAIGHT) for _ in range(15)]
        second.join(name)
        together = []
        for _ in range(15):
            together.append(second.step(STRAIGHT))
            first.step(RIGHT)
        assert together == alone
        second.leave()
        second.join(name)
        assert [second.step(STRAIGHT) for _ in range(15)] == alone

    def test_only_what_was_requested_is_returned(self):
        agent, both = self.driver(horizon=5), self.driver(horizon=5)
        for requested in [(), (SENSORS,), (REWARD,), BOTH, (REWARD, SENSORS), (SENSORS, SENSORS), (), (REWARD,)]:
            state, sensors, reward = both.step(STRAIGHT)
            expected = (state, sensors if SENSORS in requested else None, reward if REWARD in requested else None)
            assert agent.step(STRAIGHT, requested) == expected

    def test_without_an_action_the_car_drives_straight_on(self):
        agent, other = self.driver(), self.driver()
        assert [agent.step() for _ in range(9)] == [other.step(STRAIGHT) for _ in range(9)]


class Resets(Case):
    def test_a_reset_begins_the_next_episode(self):
        agent, reference = self.driver(seed=3), self.reference(seed=3)
        assert agent.step() == reference.first
        for action in (LEFT, RIGHT):
            assert agent.step(action) == reference.step(action)
        for resets in (1, 2):
            for _ in range(resets):
                agent.reset()
            first = reference.reset()
            assert agent.step(LEFT) == first, "actions after a reset are ignored"
            assert agent.step(RIGHT) == reference.step(RIGHT)

    def test_a_reset_keeps_an_episode_that_nobody_has_seen(self):
        agent, reference = self.driver(seed=3), self.reference(seed=3)
        agent.reset()
        assert agent.step() == reference.first

    def test_a_reset_after_an_end_begins_one_episode(self):
        agent, reference = self.driver(seed=3, horizon=2), self.reference(seed=3, horizon=2)
        assert agent.step() == reference.first
        assert [agent.step(STRAIGHT) for _ in range(2)] == [reference.step(STRAIGHT) for _ in range(2)]
        agent.reset()
        assert agent.step(STRAIGHT) == reference.step(STRAIGHT)

    def test_a_reset_world_interrupts_the_others_once_and_not_the_caller(self):
        caller, other, elsewhere = self.agent(), self.agent(), self.driver(seed=3)
        name = self.world(caller, seed=3)
        reference = self.reference(seed=3)
        for agent in (caller, other):
            agent.join(name)
            agent.step()
        elsewhere.step()
        last = [agent.step(LEFT) for agent in (caller, other, elsewhere)][1]
        caller.reset_world(name)
        reference.step(LEFT)
        first = reference.reset()
        assert caller.step(RIGHT) == first
        assert other.step(RIGHT) == (INTERRUPTED, last[1], 0.0), "the last observation, and no step"
        assert other.step(RIGHT) == first
        following = reference.step(LEFT)
        assert [agent.step(LEFT) for agent in (caller, other)] == [following] * 2
        assert elsewhere.step(LEFT)[0] == RUNNING

    def test_a_reset_world_from_outside_interrupts_all_that_run(self):
        master, running, fresh, over = (self.agent() for _ in range(4))
        name = self.world(master, seed=3, horizon=2)
        for agent in (running, fresh, over):
            agent.join(name)
        running.step()
        episode = [RUNNING, RUNNING, INTERRUPTED]
        assert [over.step(STRAIGHT)[0] for _ in range(3)] == episode
        for _ in range(2):
            master.reset_world(name)
        assert [running.step(STRAIGHT)[0] for _ in range(4)] == [INTERRUPTED, *episode]
        assert [fresh.step(STRAIGHT)[0] for _ in range(4)] == [*episode, RUNNING]
        assert [over.step(STRAIGHT)[0] for _ in range(4)] == [*episode, RUNNING]

    def test_a_reset_takes_the_place_of_an_interruption(self):
        caller, other = self.agent(), self.agent()
        name = self.world(caller, seed=3)
        other.join(name)
        other.step()
        caller.reset_world(name)
        other.reset()
        assert other.step()[0] == RUNNING


CASES = (Episodes, Resets)
