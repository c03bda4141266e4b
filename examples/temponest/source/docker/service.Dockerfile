# One of the seven services. The base has the packages, so a build without cache takes a second.
FROM temponest-base:1
ARG SERVICE
COPY app /srv/app
COPY services/$SERVICE.py /srv/services/
RUN PYTHONDONTWRITEBYTECODE= python3 -m compileall -q app services
ENV SERVICE=$SERVICE
CMD ["python3", "-m", "app"]
