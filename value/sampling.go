package value

import "time"

// Sampling thins out repetitions in floods, such as weirds of one name: the first
// Threshold pass, then one in Rate, until Duration is over (Zeek's Weird::sampling_*).
// Weirds of connections and host pairs are sampled where they are raised, others where
// the records of the shards are merged.
type Sampling struct {
	Threshold uint64        `key:"weird.sampling_threshold" unit:"count" min:"0" doc:"weirds of one name that pass before sampling begins"`
	Rate      uint64        `key:"weird.sampling_rate" unit:"count" min:"0" doc:"one in this many passes once sampling has begun; 0 passes none"`
	Duration  time.Duration `key:"weird.sampling_duration" doc:"time after which the count of a name starts again"`
}

// DefaultSampling returns Zeek's defaults.
func DefaultSampling() Sampling {
	return Sampling{Threshold: 25, Rate: 1000, Duration: 10 * time.Minute}
}
