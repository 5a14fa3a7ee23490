// libsystemd as Swift sees it: notification, watchdog, journal. Only the module Platform imports this.
#include <systemd/sd-daemon.h>
#define SD_JOURNAL_SUPPRESS_LOCATION
#include <systemd/sd-journal.h>
