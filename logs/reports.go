package logs

import (
	"slices"
	"time"

	"github.com/wirelog/wirelog/dissect/event"
	"github.com/wirelog/wirelog/value"
)

// Reports are the times, in packet time, of rows that no packet gives rise to.
type Reports struct {
	ConnLongAfter []time.Duration `key:"reports.conn_long_after" doc:"ages at which a connection that is still open has a row in conn_long"`
	ConnLongEvery time.Duration   `key:"reports.conn_long_every" doc:"time between its rows from then on; 0s writes no more"`
	OpenConnAfter []time.Duration `key:"reports.open_conn_after" doc:"ages at which a connection that is still open has a row in open_conn"`
	OpenConnEvery time.Duration   `key:"reports.open_conn_every" doc:"time between its rows from then on; 0s writes no more"`

	CaptureLossFirst time.Duration `key:"reports.capture_loss_first" doc:"time from the first packet to the first row of capture_loss (CaptureLoss::initial_watch_interval)"`
	CaptureLossEvery time.Duration `key:"reports.capture_loss_every" doc:"time between its rows from then on; 0s writes none at all (CaptureLoss::watch_interval)"`
	SensorEvery      time.Duration `key:"reports.sensor_every" doc:"time on the clock between rows of sensor, beside those at start and end; 0s writes only these"`
	StatsEvery       time.Duration `key:"reports.stats_every" doc:"time between rows of stats; 0s writes none (Stats::report_interval)"`
}

// DefaultReports returns the defaults. Those of open_conn are the ones of the Zeek package
// zeek-open-connections.
func DefaultReports() Reports {
	return Reports{
		ConnLongAfter: []time.Duration{10 * time.Minute, 30 * time.Minute, time.Hour},
		ConnLongEvery: 6 * time.Hour,
		OpenConnAfter: []time.Duration{time.Hour},
		OpenConnEvery: time.Hour,

		CaptureLossFirst: time.Minute,
		CaptureLossEvery: 15 * time.Minute,
		SensorEvery:      time.Minute,
		StatsEvery:       5 * time.Minute,
	}
}

// ages returns the ages of a log whose rows call emits. The list may have any order.
func ages(after []time.Duration, every time.Duration, call func(event.Conn)) event.Ages {
	a := event.Ages{Every: value.Time(every), Call: call}
	for _, d := range after {
		if d > 0 {
			a.First = append(a.First, value.Time(d))
		}
	}
	slices.Sort(a.First)
	a.First = slices.Compact(a.First)
	return a
}
