"""Documents: embedded by the model, kept in the vector database, found again."""
from uuid import uuid4

from fastapi import Depends
from pydantic import BaseModel, Field

from app import http, security, settings
from app.service import Service

service = Service()
app = service.app
caller = security.caller(service)
service.checks["qdrant"] = lambda: http.ask("GET", f"{settings.QDRANT_URL}/", timeout=2)


class Document(BaseModel):
    title: str = Field(min_length=1, max_length=200)
    text: str = Field(min_length=1, max_length=100000)


async def embed(text):
    answer = await http.ask("POST", f"{settings.OLLAMA_URL}/api/embeddings", {"model": "embedder", "prompt": text})
    return answer["embedding"]


def collection(claims):
    return f"{settings.QDRANT_URL}/collections/{claims['user_id']}/points"


@app.post("/api/documents", status_code=201)
async def add(document: Document, claims=Depends(caller)):
    document_id = uuid4()
    point = {"id": str(document_id), "vector": await embed(document.text), "payload": {"title": document.title}}
    await http.ask("PUT", collection(claims), {"points": [point]})
    await service.db.execute("INSERT INTO documents (id, user_id, title, characters) VALUES ($1, $2, $3, $4)",
                             document_id, claims["user_id"], document.title, len(document.text))
    return {"id": document_id}


@app.get("/api/documents/search")
async def search(q: str, claims=Depends(caller)):
    found = await http.ask("POST", collection(claims) + "/search", {"vector": await embed(q), "limit": 5})
    return [{"id": hit["id"], "score": hit["score"], **(hit.get("payload") or {})} for hit in found["result"]]
