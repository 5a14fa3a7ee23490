// hiredis as Swift sees it: its formatter and its reader. Only the module Redis imports this.
#include <hiredis/hiredis.h>
