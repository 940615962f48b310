package scenarios

import (
	"math"
	"time"

	"causeway/internal/lab/stage"
	"causeway/internal/lab/synthetic"
)

// madeHealthyScenarios are exports of gateways that are well.
func madeHealthyScenarios() []stage.Scenario {
	var out []stage.Scenario
	for _, m := range []struct {
		name, story string
		make        func(*synthetic.Generator)
	}{
		{"busy-day", "a day with its tides, and capacity that follows", busyDay},
		{"slow-but-fine", "answers take up to nineteen of twenty seconds", slowFineAzure},
		{"v1-fine", "a first-generation gateway with half of its processors busy", v1Fine},
		{"not-found-fine", "many answers of 401 and 404, which are the application's business", notFoundAzure},
		{"near-maximum-fine", "capacity close to the maximum, and nothing fails", nearMaximum},
		{"idle-night-fine", "connections idle for minutes, and new ones afterwards", idleNight},
	} {
		out = append(out, stage.Scenario{
			Name:  "made-" + m.name,
			Story: m.story,
			Made:  true,
			Lasts: time.Second,
			Play:  synthetic.Play(m.make),
		})
	}
	return out
}

func busyDay(f *synthetic.Generator) {
	f.Site.Grows = [2]int{2, 10}
	f.Health("Healthy", "Success. Received 200 status code")
	tide := func(minute int) float64 { return 0.5 - 0.5*math.Cos(2*math.Pi*float64(minute)/(24*60)) }
	f.Metric("CapacityUnits", "Count", 24*60, func(m int) float64 { return 5 + 30*tide(m) + f.Float64() })
	for m := range 24 * 60 {
		for _, at := range stage.Poisson(f.Rand, 0.02+0.2*tide(m), time.Minute) {
			f.Request(time.Duration(m)*time.Minute+at, f.IntN(3))
		}
	}
}

func slowFineAzure(f *synthetic.Generator) {
	f.Traffic(0.5, time.Hour, func(at time.Duration, m int) {
		f.Request(at, m, synthetic.Taking(f.Vary(3*time.Second, 19*time.Second)))
	})
}

func v1Fine(f *synthetic.Generator) {
	f.Site.SKU = mediumV1
	f.Metric("CpuUtilization", "Percent", 60, func(int) float64 { return 40 + 20*f.Float64() })
	f.Traffic(1, time.Hour, func(at time.Duration, m int) { f.Request(at, m) })
}

func notFoundAzure(f *synthetic.Generator) {
	f.Traffic(1, time.Hour, func(at time.Duration, m int) {
		f.Request(at, m, synthetic.Answering([]int{200, 204, 304, 401, 404}[f.IntN(5)]))
	})
}

func nearMaximum(f *synthetic.Generator) {
	f.Site.Grows = [2]int{1, 2}
	f.Metric("CapacityUnits", "Count", 60, func(int) float64 { return 14 + 3*f.Float64() })
	f.Traffic(1, time.Hour, func(at time.Duration, m int) { f.Request(at, m) })
}

func idleNight(f *synthetic.Generator) {
	for i, at := 0, time.Duration(0); at < 8*time.Hour; i++ {
		f.Request(at, i%3, synthetic.FromPort(20_000+i/2%10_000))
		at += f.Vary(20*time.Second, 3*time.Minute)
	}
}
