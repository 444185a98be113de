package writers

import (
	"testing"
	"time"
)

func TestPeriod(t *testing.T) {
	old := time.Local
	t.Cleanup(func() { time.Local = old })
	const layout = "2006-01-02 15:04:05 -0700"
	for _, tt := range []struct {
		zone, interval, at, start, end string
		utc                            bool
	}{
		{"America/New_York", "24h", "2026-01-16 22:30:00 -0500", "2026-01-16 00:00:00 -0500", "2026-01-17 00:00:00 -0500", false},
		{"America/New_York", "24h", "2026-01-16 22:30:00 -0500", "2026-01-16 19:00:00 -0500", "2026-01-17 19:00:00 -0500", true},
		{"Asia/Kolkata", "1h", "2026-01-16 16:10:00 +0530", "2026-01-16 16:00:00 +0530", "2026-01-16 17:00:00 +0530", false},
		{"Asia/Kolkata", "15m", "2026-01-16 16:10:00 +0530", "2026-01-16 16:00:00 +0530", "2026-01-16 16:15:00 +0530", false},
		{"Asia/Kathmandu", "1h", "2026-01-16 16:50:00 +0545", "2026-01-16 16:00:00 +0545", "2026-01-16 17:00:00 +0545", false},
		// A day of 23 hours, and one of 25.
		{"Europe/Berlin", "24h", "2026-03-29 12:00:00 +0200", "2026-03-29 00:00:00 +0100", "2026-03-30 00:00:00 +0200", false},
		{"Europe/Berlin", "24h", "2026-10-25 23:30:00 +0100", "2026-10-25 00:00:00 +0200", "2026-10-26 00:00:00 +0100", false},
		{"Europe/Berlin", "1h", "2026-10-25 02:30:00 +0200", "2026-10-25 02:00:00 +0200", "2026-10-25 02:00:00 +0100", false},
		{"Europe/Berlin", "1h", "2026-10-25 02:30:00 +0100", "2026-10-25 02:00:00 +0100", "2026-10-25 03:00:00 +0100", false},
		{"Europe/Berlin", "1h", "2026-03-29 01:30:00 +0100", "2026-03-29 01:00:00 +0100", "2026-03-29 03:00:00 +0200", false},
		{"Europe/Berlin", "6h", "2026-10-25 01:00:00 +0200", "2026-10-25 00:00:00 +0200", "2026-10-25 06:00:00 +0100", false},
		{"Europe/Berlin", "6h", "2026-10-25 05:30:00 +0100", "2026-10-25 00:00:00 +0200", "2026-10-25 06:00:00 +0100", false},
		{"Europe/Berlin", "6h", "2026-03-29 05:30:00 +0200", "2026-03-29 00:00:00 +0100", "2026-03-29 06:00:00 +0200", false},
		{"Australia/Lord_Howe", "1h", "2026-04-05 01:45:00 +1100", "2026-04-05 01:00:00 +1100", "2026-04-05 02:00:00 +1030", false},
		// An interval that does not divide the day.
		{"UTC", "5h", "2026-01-16 22:00:00 +0000", "2026-01-16 20:00:00 +0000", "2026-01-17 00:00:00 +0000", false},
		{"UTC", "168h", "2026-01-16 22:00:00 +0000", "2026-01-15 00:00:00 +0000", "2026-01-22 00:00:00 +0000", false},
		{"Europe/Berlin", "48h", "2026-03-28 12:00:00 +0100", "2026-03-28 00:00:00 +0100", "2026-03-30 00:00:00 +0200", false},
		{"UTC", "1h", "1969-12-31 23:30:00 +0000", "1969-12-31 23:00:00 +0000", "1970-01-01 00:00:00 +0000", false},
	} {
		loc, err := time.LoadLocation(tt.zone)
		if err != nil {
			t.Skip("no time zones: ", err)
		}
		time.Local = loc
		at, err := time.Parse(layout, tt.at)
		if err != nil {
			t.Fatal(err)
		}
		interval, err := time.ParseDuration(tt.interval)
		if err != nil {
			t.Fatal(err)
		}
		start, end := (&Rotation{Interval: interval, UTC: tt.utc}).period(at.UnixNano())
		show := func(ns int64) string { return time.Unix(0, ns).In(loc).Format(layout) }
		if got := show(start) + " to " + show(end); got != tt.start+" to "+tt.end {
			t.Errorf("%s, %s at %s: %s, want %s to %s", tt.zone, tt.interval, tt.at, got, tt.start, tt.end)
		}
	}
}

// Over a whole year, intervals follow each other, and every time lies in its own.
func TestPeriodsFollowEachOther(t *testing.T) {
	old := time.Local
	t.Cleanup(func() { time.Local = old })
	for _, zone := range []string{"Europe/Berlin", "America/Sao_Paulo", "Australia/Lord_Howe", "Asia/Kolkata", "UTC"} {
		loc, err := time.LoadLocation(zone)
		if err != nil {
			t.Skip("no time zones: ", err)
		}
		time.Local = loc
		for _, interval := range []time.Duration{15 * time.Minute, time.Hour, 6 * time.Hour, 7 * time.Hour, 24 * time.Hour, 72 * time.Hour} {
			r := &Rotation{Interval: interval}
			for at, stop := time.Date(2017, 1, 1, 0, 0, 0, 0, loc).UnixNano(), time.Date(2018, 1, 1, 0, 0, 0, 0, loc).UnixNano(); at < stop; {
				start, end := r.period(at)
				if start > at || end <= at || end-at > int64(interval+time.Hour) {
					t.Fatalf("%s, %s: %s to %s for %s", zone, interval, time.Unix(0, start), time.Unix(0, end), time.Unix(0, at))
				}
				at = end
			}
		}
	}
}
