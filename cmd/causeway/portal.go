package main

import (
	"fmt"
	"html"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"time"

	"github.com/spf13/cobra"

	"causeway/internal/admin"
	"causeway/internal/evidence"
	"causeway/internal/portal"
	"causeway/internal/supervisor"
)

func portalCommand() *cobra.Command {
	var data string
	var noOpen bool
	cmd := &cobra.Command{
		Use:   "portal",
		Short: "Open the web portal of the gateway that runs here",
		Args:  noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if !portal.Built() {
				return &exitError{
					exitFailed, fmt.Errorf("this causeway was built without the portal"),
					"make build builds it with Node.js 20.19 or later",
				}
			}
			link, err := admin.NewClient(supervisor.Socket(data)).PortalLink()
			if err != nil {
				return notRunning(err, data)
			}
			if err := writeLine(cmd.OutOrStdout(), link); err != nil {
				return err
			}
			fmt.Fprintf(cmd.ErrOrStderr(), "The link signs one browser in, once, within two minutes. The browser trusts the certificate once it trusts %s.\n",
				evidence.Printable(supervisor.AuthorityFile(data)))
			if !noOpen {
				openBrowser(link)
			}
			return nil
		},
	}
	cmd.Flags().BoolVar(&noOpen, "no-open", false, "print the link, and open no browser")
	dataFlag(cmd, &data)
	return cmd
}

// openBrowser opens a link where there is a desktop. The link goes to the browser in a file that only this user may read: arguments of a
// process are for everybody to see.
func openBrowser(link string) {
	opener := "xdg-open"
	switch {
	case runtime.GOOS == "darwin":
		opener = "open"
	case os.Getenv("DISPLAY") == "" && os.Getenv("WAYLAND_DISPLAY") == "":
		return
	}
	dir, err := os.MkdirTemp("", "causeway-portal-")
	if err != nil {
		return // the link is printed
	}
	defer os.RemoveAll(dir)
	page := filepath.Join(dir, "open.html")
	text := `<!doctype html><meta http-equiv="refresh" content="0;url=` + html.EscapeString(link) + `"><title>Causeway</title>`
	if os.WriteFile(page, []byte(text), 0o600) == nil && exec.Command(opener, page).Run() == nil {
		time.Sleep(5 * time.Second) // the browser reads the file after its opener has ended
	}
}
