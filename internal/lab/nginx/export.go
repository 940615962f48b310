package nginx

import (
	"os"
	"path/filepath"
	"time"

	"causeway/internal/gateway"
	"causeway/internal/lab/stage"
	"causeway/internal/lab/stretch"
)

// export writes what Azure would have given of a play: the log in a form, the document, backend health, and metrics. Rows and samples are
// stretched already.
func export(dir string, form Form, site stage.Site, rows []Row, health gateway.Health, samples []sample) error {
	if form == First {
		site.SKU = stage.Object{"name": "Standard_Medium", "tier": "Standard", "capacity": Instances}
	} else if site.SKU == nil {
		site.SKU = stage.Object{"name": "Standard_v2", "tier": "Standard_v2", "capacity": Instances}
	}
	if err := writeLog(dir, form, site, rows); err != nil {
		return err
	}
	document, err := stretch.Document(site.Document())
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(dir, "gateway.json"), document, 0o600); err != nil {
		return err
	}
	for _, p := range health.Pools {
		for _, s := range p.Settings {
			for i := range s.Servers {
				s.Servers[i].Causeway = nil
				s.Servers[i].Detail = stretch.HealthText(s.Servers[i].Detail)
			}
		}
	}
	health.Unserved = nil
	if err := writeJSON(filepath.Join(dir, "backend-health.json"), health); err != nil {
		return err
	}
	return writeJSON(filepath.Join(dir, "metrics.json"), metrics(site, rows, samples))
}

// sample is how many members of each pool were healthy at a time.
type sample struct {
	at          time.Time
	healthy, of map[string]int
}

func sampled(at time.Time, h gateway.Health) sample {
	s := sample{at: at.UTC(), healthy: map[string]int{}, of: map[string]int{}}
	for _, p := range h.Pools {
		for _, settings := range p.Settings {
			key := lastOf(p.Pool.ID) + "~" + lastOf(settings.Settings.ID)
			for _, server := range settings.Servers {
				s.of[key]++
				if server.Health == "Up" || server.Health == "Partial" || server.Health == "Draining" {
					s.healthy[key]++
				}
			}
		}
	}
	return s
}
