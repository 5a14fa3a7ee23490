# Read by the shell programs beside it, first of all. In mode serve it says that it is ready and reads one job, whose run
# is then $run; in mode spawn there is nothing to do. `succeed` says that the job is done, as the mode wants it.
if [ -n "${MARTLET_IN-}" ]; then
    echo '{"ready":true}' >&4
    read -r line <&3 || exit 0
    run=${line#'{"run":'}
    run=${run%%,*}
    unset line
fi
succeed() {
    [ -z "${MARTLET_IN-}" ] || echo "{\"done\":$run}" >&4
}
