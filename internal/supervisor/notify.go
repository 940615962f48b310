package supervisor

import (
	"fmt"
	"log/slog"
	"os"

	"github.com/coreos/go-systemd/v22/daemon"
)

// notifyReady tells a service manager that the gateway serves, and which process it is: a successor is not the one that the
// manager has started (sd_notify(3)). Without a manager it does nothing.
func notifyReady() {
	notify(fmt.Sprintf("MAINPID=%d\n%s", os.Getpid(), daemon.SdNotifyReady))
}

// notifyEnding tells a service manager that the gateway ends.
func notifyEnding() { notify(daemon.SdNotifyStopping) }

func notify(state string) {
	if _, err := daemon.SdNotify(false, state); err != nil {
		slog.Warn("the service manager cannot be notified", "error", err)
	}
}
