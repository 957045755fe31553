# The product on the Astro Runtime, for `astro dev start` and Astro deployments.
#
# A Runtime version is <Airflow major.minor>-<patch>: 3.3-8 carries an Airflow 3.3. The local start and the tests run the
# Airflow of requirements-airflow.txt; after a change here compare it with `docker run --rm <image> airflow version`.
# This image has not been built yet: that needs a container engine, which the demo and the tests do without.
FROM astrocrpublic.azurecr.io/runtime:3.3-8

# The base image installs packages.txt and requirements.txt and copies the project when this file is built.
# `dags/` and `plugins/` are found by Airflow itself; `include` is imported from the project's root.
ENV PYTHONPATH=/usr/local/airflow

# The lines of deploy/airflow.env, where each has its reason. A test compares the two.
ENV AIRFLOW__SCHEDULER__MAX_DAGRUNS_PER_LOOP_TO_SCHEDULE=50 \
    AIRFLOW__CORE__MAX_ACTIVE_RUNS_PER_DAG=1000 \
    AIRFLOW__CORE__MAX_ACTIVE_TASKS_PER_DAG=64 \
    AIRFLOW__SCHEDULER__SCHEDULER_IDLE_SLEEP_TIME=0.1 \
    AIRFLOW__WORKERS__MIN_HEARTBEAT_INTERVAL=1 \
    AIRFLOW__WORKERS__MAX_FAILED_HEARTBEATS=5 \
    AIRFLOW__SCHEDULER__ORPHANED_TASKS_CHECK_INTERVAL=15 \
    AIRFLOW__DAG_PROCESSOR__MIN_FILE_PROCESS_INTERVAL=300 \
    AIRFLOW__DAG_PROCESSOR__REFRESH_INTERVAL=10 \
    AIRFLOW__TRIGGERER__CAPACITY=20000 \
    AIRFLOW__TRIGGERER__SHARED_STREAM_SUBSCRIBER_QUEUE_SIZE=10000 \
    AIRFLOW__TRIGGERER__JOB_HEARTBEAT_SEC=2 \
    AIRFLOW__TRIGGERER__TRIGGERER_HEALTH_CHECK_THRESHOLD=10 \
    AIRFLOW__CORE__LOAD_EXAMPLES=False \
    AIRFLOW__CORE__DAGS_ARE_PAUSED_AT_CREATION=False
