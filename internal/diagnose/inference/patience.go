package inference

import (
	"time"
)

// Patience is how long people wait, at the least, before they give up.
const Patience = 500 * time.Millisecond
