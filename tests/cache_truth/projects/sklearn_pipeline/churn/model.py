from sklearn.compose import ColumnTransformer, make_column_selector
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, StandardScaler

from churn import transformers as own

NUMBERS = ["age", "months"]
COUNTS = ("calls",)


def columns():
    return ColumnTransformer(
        [
            ("numbers", make_pipeline(own.Clipper(low=0.02), StandardScaler()), NUMBERS),
            ("counts", own.LogClipper(high=0.9), list(COUNTS)),
            ("town", own.TownRates(weight=3.0), ["town"]),
            ("ratio", FunctionTransformer(own.ratio, feature_names_out=own.ratio_names), ["calls", "months"]),
            ("plan", OneHotEncoder(handle_unknown="ignore"), make_column_selector(dtype_include="category")),
        ],
        remainder="drop",
        sparse_threshold=0,
    )


def make_model(c=1.0):
    weights = {0: 1.0, 1: 1.5}
    return Pipeline(
        [
            ("columns", columns()),
            ("model", LogisticRegression(C=c, class_weight=weights, max_iter=200, random_state=0)),
        ]
    )
