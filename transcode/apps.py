from django.apps import AppConfig


class TranscodeConfig(AppConfig):
    name = "transcode"

    def ready(self) -> None:
        from common import health, media, storage
        from stories import erasure
        from stories.signals import moved
        from transcode import doorbell, engine_room, jobs, pipeline, serving, workers
        from uploads import expiry

        pipeline.register()
        moved.connect(pipeline.follow_story, dispatch_uid="transcode.follow_story")
        media.register("rendition", serving.authorise_rendition)
        jobs.on_worker_start("speech", engine_room.warm_up, again=engine_room.look_again)
        jobs.every_sweep(expiry.expire)
        jobs.every_sweep(erasure.erase_late_arrivals)
        jobs.every_sweep(storage.clear_scratch)
        health.register("broker", doorbell.broker_health)
        health.register("ffmpeg", engine_room.ffmpeg_health)
        health.register("model", engine_room.model_health)
        health.register("workers", workers.workers_health)
