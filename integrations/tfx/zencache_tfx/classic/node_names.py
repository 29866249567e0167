"""Lists the names of a training pipeline's nodes."""

EXAMPLES = "CsvExampleGen"
STATISTICS = "StatisticsGen"
SCHEMA = "SchemaGen"
TRANSFORM = "Transform"
TRAINER = "Trainer"
EVALUATOR = "Evaluator"
PUSHER = "Pusher"
